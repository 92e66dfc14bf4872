import type { DescMethod, JsonValue } from '@bufbuild/protobuf';
import { Option } from 'commander';
import { accessTable } from '#libs/auth/index.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { parts, type Part } from '../context.ts';
import { findMethod } from '../descriptors.ts';
import { textOf, usage } from '../failures.ts';
import type { Define, Invocation } from '../invocation.ts';
import { jsonMethod } from '../json-method.ts';
import { readLines, readText } from '../lines.ts';
import type { Persona } from '../mesh.ts';
import { parseCount } from '../options.ts';

interface CallOptions {
  part?: Part;
  timeout: number;
}

export const call: Define = (command, { does }) =>
  command
    .argument(
      '<service/method>',
      'muster.session.v1.WorkloadService/GetWorkload, or WorkloadService/GetWorkload',
    )
    .argument(
      '[json]',
      'the request; - reads standard input, for client streams one message per line',
      '{}',
    )
    .addOption(
      new Option('--part <part>', "whose endpoint (default: by the service's package)").choices([
        ...parts,
      ]),
    )
    .option(
      '--timeout <seconds>',
      'the deadline of a call without streams',
      parseCount('--timeout', 1, 86_400),
      30,
    )
    .action(
      does<[string, string], CallOptions>(async (invocation, [name, json], options) => {
        const method = findMethod(name);
        const mesh = await invocation.mesh();
        const where = [options.part ?? partOf(method), personaFor(method)] as const;
        const signal = invocation.cli.interrupt;
        switch (method.methodKind) {
          case 'unary': {
            const client = mesh.client({ call: jsonMethod(method, false, false) }, ...where);
            const request = parseJson(json === '-' ? await readText(invocation.cli.stdin) : json);
            printOne(
              invocation,
              await client.call(request, { signal, deadlineMs: options.timeout * 1_000 }),
            );
            break;
          }
          case 'server_streaming': {
            const client = mesh.client({ call: jsonMethod(method, false, true) }, ...where);
            const request = parseJson(json === '-' ? await readText(invocation.cli.stdin) : json);
            for await (const answer of client.call(request, { signal })) {
              printLine(invocation, answer);
            }
            break;
          }
          case 'client_streaming': {
            const client = mesh.client({ call: jsonMethod(method, true, false) }, ...where);
            printOne(invocation, await client.call(messages(invocation, json), { signal }));
            break;
          }
          case 'bidi_streaming': {
            const client = mesh.client({ call: jsonMethod(method, true, true) }, ...where);
            const both = client.call({ signal });
            const sent = (async () => {
              for await (const message of messages(invocation, json)) {
                await both.send(message);
              }
              both.end();
            })();
            // The answers say how the call ended. A message that could not be sent after that is no separate error.
            sent.catch(() => both.cancel());
            for await (const answer of both.responses) {
              printLine(invocation, answer);
            }
            break;
          }
        }
      }),
    );

const printOne = ({ output }: Invocation, answer: JsonValue): void => {
  output.text(JSON.stringify(answer, null, 2));
  output.json(answer);
};

const printLine = ({ output }: Invocation, answer: JsonValue): void => {
  output.text(JSON.stringify(answer));
  output.json(answer);
};

async function* messages({ cli }: Invocation, json: string): AsyncGenerator<JsonValue> {
  for await (const line of json === '-' ? readLines(cli.stdin) : json.split('\n')) {
    yield parseJson(line);
  }
}

const parseJson = (text: string): JsonValue => {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch (error) {
    throw usage(`the request is not JSON: ${textOf(error)}`);
  }
};

/** Agents talk to user-manager. Health and reflection, which every service has, are asked of the session supervisor. */
const partOf = ({ parent }: DescMethod): Part => {
  const [, area] = /^muster\.(\w+)\./.exec(parent.typeName) ?? [];
  return area === 'agent' ? 'user' : (parts.find((part) => part === area) ?? 'session');
};

/** The persona that may call it. Rpcs for services alone are refused whichever it is. */
const personaFor = ({ parent, name }: DescMethod): Persona => {
  const access = accessTable(descriptorImage()).get(`/${parent.typeName}/${name}`);
  return access?.roles.has('customer') === true ? 'customer' : 'operator';
};
