import { spawn } from 'node:child_process';
import { addAbortListener, once } from 'node:events';
import { join } from 'node:path';
import type { TlsFiles } from '#libs/config/index.ts';
import { serviceArguments } from '#libs/embedded/index.ts';
import type { Cli } from '../cli.ts';
import type { MeshContext } from '../context.ts';
import { noContext } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import { tlsFor } from '../mesh.ts';
import { agentEnvironment, enrol } from './agents.ts';
import { writePrivate } from './files.ts';
import { inheritedEnvironment, tlsEnvironment } from './services.ts';

interface AgentSettings {
  name: string;
  slots: number;
  engines: string;
  cache: string;
  sandbox: boolean;
}

/**
 * Runs an agent in the foreground, with its log on our standard error, and answers its exit code. The first Ctrl-C is
 * passed on, and the agent hands its work back.
 */
export const runAgent = async (
  { cli, common, output }: Invocation,
  context: MeshContext,
  settings: AgentSettings,
): Promise<number | null> => {
  const { user, blob } = context.endpoints;
  if (user === undefined || blob === undefined) {
    throw noContext(`${context.file} names no endpoint 'user' or 'blob'`);
  }
  const tls = tlsFor(cli, common, context);
  const tokenFile = join(settings.cache, 'token');
  const token = await tokenOf(cli, context, settings.name, user, tls);
  await writePrivate(tokenFile, `${token}\n`);

  const child = spawn(process.execPath, serviceArguments('compute-agent'), {
    env: {
      ...inheritedEnvironment(cli.env.inherited),
      ...agentEnvironment({ ...settings, tokenFile, endpoints: { user, blob } }),
      ...tlsEnvironment(tls),
      MUSTER_PARENT_PID: String(process.pid),
    },
    detached: true,
    // Standard output stays free for --json.
    stdio: ['ignore', 2, 2],
  });
  await once(child, 'spawn');
  output.json({ event: 'started', name: settings.name, pid: child.pid });
  using _passedOn = addAbortListener(cli.interrupt, () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  output.json({ event: 'ended', name: settings.name, code });
  return code;
};

/** A token that somebody was given for this machine, or a new one where we may enrol machines. */
const tokenOf = async (
  cli: Cli,
  { file, tokens }: MeshContext,
  name: string,
  target: string,
  tls: TlsFiles | undefined,
): Promise<string> => {
  if (cli.env.token) {
    return cli.env.token;
  }
  if (tokens.operator === undefined) {
    throw noContext(
      `${file} holds no operator's token to enrol ${name} with; set MUSTER_TOKEN to the agent's own`,
    );
  }
  return enrol(cli, { target, operatorToken: tokens.operator, tls, name });
};
