import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isRole, parseSigningKey, roles, signToken, type MeshJwk } from '#libs/auth/index.ts';
import { serviceNames } from '#libs/mesh/index.ts';
import { contextCandidates } from '../context.ts';
import { inputUnreadable, textOf, usage } from '../failures.ts';
import type { Define, Invocation } from '../invocation.ts';
import { ttlOption } from '../options.ts';

interface CreateOptions {
  role: string;
  subject: string;
  machine?: string;
  ttl: number;
  key?: string;
  issuer: string;
  meshId: string;
}

export const token: Define = (command, { does }) => {
  command
    .command('create')
    .description('sign a token with the signing key of a mesh and print it')
    .requiredOption('--role <role>', `one of ${roles.join(', ')}`)
    .requiredOption(
      '--subject <subject>',
      `whom it names: the customer id, a person's name, the machine's id, the service (${serviceNames.join(', ')})`,
    )
    .option('--machine <id>', 'for role agent: the machine (default: the subject)')
    .addOption(ttlOption('how long it works: 90s, 15m, 12h, 30d'))
    .option('--key <file>', 'the private key (default: keys/signing-key.json beside the context)')
    .option('--issuer <issuer>', 'who signs', 'muster')
    .option('--mesh-id <id>', 'the mesh in which it counts', 'muster')
    .action(
      does<[], CreateOptions>(async (invocation, _args, options) => {
        const { output, cli } = invocation;
        if (!isRole(options.role)) {
          throw usage(`--role is one of ${roles.join(', ')}, not '${options.role}'`);
        }
        if (options.machine !== undefined && options.role !== 'agent') {
          throw usage('only agents have a --machine');
        }
        const key = await readSigningKey(invocation, options.key);
        const signed = await signToken(key, {
          role: options.role,
          subject: options.subject,
          ...(options.role === 'agent' ? { machine: options.machine ?? options.subject } : {}),
          issuer: options.issuer,
          audience: options.meshId,
          ttlSeconds: options.ttl,
          nowMs: cli.clock.now(),
        }).catch((error: unknown) => {
          throw usage(textOf(error));
        });
        output.text(signed);
        output.json({ token: signed });
      }),
    );
  return command;
};

/** Only the place of the context counts, not its content, because signing a token needs no mesh. */
const readSigningKey = async (
  { cli, common }: Invocation,
  named: string | undefined,
): Promise<MeshJwk> => {
  const candidates =
    named === undefined
      ? contextCandidates(common.context, cli.cwd, cli.env).map(({ file }) =>
          resolve(dirname(file), 'keys/signing-key.json'),
        )
      : [resolve(cli.cwd, named)];
  const file = candidates.find((candidate) => existsSync(candidate)) ?? candidates.at(-1) ?? '';
  try {
    return parseSigningKey(await readFile(file, 'utf8'));
  } catch (error) {
    throw inputUnreadable(file, `the signing key cannot be read: ${textOf(error)}`, error);
  }
};
