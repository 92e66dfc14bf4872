import type { DescMethod, JsonValue } from '@bufbuild/protobuf';
import { Option } from 'commander';
import { accessTable } from '#libs/auth/index.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { parts, type Part } from '../context.ts';
import { findMethod } from '../descriptors.ts';
import { textOf, usage } from '../failures.ts';
import type { Define } from '../invocation.ts';
import { jsonMethod } from '../json-method.ts';
import { readLines, readText } from '../lines.ts';
import type { Persona } from '../mesh.ts';
import { countOption } from '../options.ts';
import type { Output } from '../output.ts';

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
    .addOption(
      countOption('--timeout <seconds>', 'the deadline of a call without streams', [1, 86_400], 30),
    )
    .action(
      does<[string, string], CallOptions>(async (invocation, [name, json], options) => {
        const { cli, output } = invocation;
        const method = findMethod(name);
        const mesh = await invocation.mesh();
        const client = <Q extends boolean, R extends boolean>(sends: Q, receives: R) =>
          mesh.client({ call: jsonMethod(method, sends, receives) }, personaFor(method), {
            ...options,
            speaksRpcs: true,
          });
        const message = async () => parseJson(json === '-' ? await readText(cli.stdin) : json);
        const lines = json === '-' ? readLines(cli.stdin) : json.split('\n');
        const signal = cli.interrupt;
        switch (method.methodKind) {
          case 'unary': {
            const within = { signal, deadlineMs: options.timeout * 1_000 };
            printOne(output, await client(false, false).call(await message(), within));
            break;
          }
          case 'server_streaming':
            await printEach(output, client(false, true).call(await message(), { signal }));
            break;
          case 'client_streaming':
            printOne(output, await client(true, false).call(messages(lines), { signal }));
            break;
          case 'bidi_streaming': {
            const both = client(true, true).call({ signal });
            const send = async (): Promise<void> => {
              for await (const each of messages(lines)) {
                await both.send(each);
              }
              both.end();
            };
            // The answers say how the call ended. A message that could not be sent after that is no separate error.
            send().catch(() => both.cancel());
            await printEach(output, both.responses);
            break;
          }
        }
      }),
    );

const printOne = (output: Output, answer: JsonValue): void => {
  output.text(JSON.stringify(answer, null, 2).split('\n'));
  output.json(answer);
};

const printEach = async (output: Output, answers: AsyncIterable<JsonValue>): Promise<void> => {
  for await (const answer of answers) {
    output.text(JSON.stringify(answer));
    output.json(answer);
  }
};

async function* messages(
  lines: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<JsonValue> {
  for await (const line of lines) {
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

/** The persona that may call it. Rpcs for services alone are refused whichever it is. */
const personaFor = ({ parent, name }: DescMethod): Persona => {
  const access = accessTable(descriptorImage()).get(`/${parent.typeName}/${name}`);
  return access?.roles.has('customer') === true ? 'customer' : 'operator';
};
