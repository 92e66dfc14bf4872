import { spawn } from 'node:child_process';
import { addAbortListener, once } from 'node:events';
import { join } from 'node:path';
import type { TlsFiles } from '#libs/config/index.ts';
import type { MeshContext } from '../context.ts';
import { noContext } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import { tlsFor } from '../mesh.ts';
import { agentEnvironment, enrol } from './agents.ts';
import { inheritedEnvironment, tlsEnvironment } from './environment.ts';
import { writePrivate } from './files.ts';
import { serviceArguments } from '#libs/embedded/index.ts';

interface AgentSettings {
  name: string;
  slots: number;
  engines: string;
  cache: string;
  sandbox: boolean;
}

const ENROL_PATIENCE_MS = 20_000;

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
  await writePrivate(
    tokenFile,
    `${await tokenOf({ cli, context, name: settings.name, target: user, tls })}\n`,
  );

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
const tokenOf = async ({
  cli,
  context,
  name,
  target,
  tls,
}: {
  cli: Invocation['cli'];
  context: MeshContext;
  name: string;
  target: string;
  tls: TlsFiles | undefined;
}): Promise<string> => {
  if (cli.env.token !== undefined && cli.env.token !== '') {
    return cli.env.token;
  }
  const operatorToken = context.tokens.operator;
  if (operatorToken === undefined) {
    throw noContext(
      `${context.file} holds no operator's token to enrol ${name} with; set MUSTER_TOKEN to the agent's own`,
    );
  }
  const { clock, random, interrupt: signal } = cli;
  const patience = { clock, random, signal, patienceMs: ENROL_PATIENCE_MS };
  return enrol({ target, operatorToken, tls, name, patience });
};
