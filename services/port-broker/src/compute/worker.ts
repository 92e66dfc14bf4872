import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '../domain/session.ts';
import { checkProgram, StartFailure } from '#libs/programs/index.ts';
import {
  findTools,
  forwarder,
  innerForwarder,
  isolated,
  MAX_PROCESSES,
  partOf,
  watched,
} from '../process/isolate.ts';
import { give, NOBODY } from '../process/user.ts';
import type { SessionType } from '../session/session-type.ts';
import { filesOf } from './program-files.ts';
import { isReady } from './reply.ts';
import { askWorker, PING } from './wire.ts';
import type { WorkerKind } from './worker-kinds.ts';

/** Who uses a session and for what, as callers state it. */
export interface UserInfo {
  userName: string;
  project: string;
  clientAddress: string;
  clientAgent: string;
}

export interface ComputeSpec {
  worker: string;
  /** Whether everybody on the host can reach it on its port. */
  isExposed: boolean;
  user: UserInfo;
}

export type ComputeSession = Session<ComputeSpec>;

export const WORKER = 'worker';

/** The port on which a compute worker listens on its own loopback. */
const INSIDE_PORT = 5_555;
/** The path at which it sees its own folder. No host has files there that it may need to see. */
const HOME = '/session';
const READY_MS = 30_000;
const PING_MS = 1_000;
const GRACE_MS = 3_000;
const AT_ONCE = 4;
/** What a worker may use of a kind without a bound of its own. */
const MAX_MEMORY_BYTES = 8 * 1024 ** 3;

/** The folder, inside a session's folder, with the socket that leads to its worker. */
export const wayOf = (folder: string): string => join(folder, 'way');

interface WorkersOptions extends Required<Pick<SessionType<ComputeSpec>, 'changed' | 'forgotten'>> {
  address: string;
  /** How much a worker may write. */
  diskBytes: number;
  kinds: ReadonlyMap<string, WorkerKind>;
}

/**
 * Sessions of compute workers. A worker is ready when it answers `ping`, because it listens long before it can answer.
 */
export const workerSessions = ({
  address,
  diskBytes,
  kinds,
  changed,
  forgotten,
}: WorkersOptions): SessionType<ComputeSpec> => ({
  name: 'compute',
  pool: 'compute',
  // The session's state is in the worker's memory, so the session ends with the worker.
  isRestarted: (role) => role !== WORKER,
  graceMs: GRACE_MS,
  startsAtOnce: AT_ONCE,
  changed,
  forgotten,
  limits: ({ spec }, role) =>
    role === WORKER
      ? watched({
          memoryBytes: kinds.get(spec.worker)?.memoryBytes ?? MAX_MEMORY_BYTES,
          workDirBytes: diskBytes,
        })
      : undefined,
  recipe: async (session, folder) => {
    const kind = kinds.get(session.spec.worker);
    if (kind === undefined) {
      throw new StartFailure('PROGRAM_MISSING', session.spec.worker, 'is not configured any more');
    }
    await checkProgram(kind.argv[0] ?? '');
    const tools = await findTools(NOBODY);
    const [socketDir, workDir, wayDir] = [join(folder, 'run'), join(folder, 'work'), wayOf(folder)];
    for (const dir of [socketDir, workDir, wayDir]) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await give(dir, NOBODY);
    }
    const paths = [...filesOf(kind.argv), ...kind.readOnly];
    const box = {
      argv: kind.argv.map((argument) => argument.replaceAll('{port}', String(INSIDE_PORT))),
      env: kind.env,
      port: INSIDE_PORT,
      work: { host: workDir, inside: HOME },
      readOnly: paths.map((path) => ({ host: path, inside: path })),
      socketDir,
      limits: {
        addressSpaceBytes: kind.memoryBytes,
        cpuSeconds: kind.cpuSeconds,
        processes: MAX_PROCESSES,
      },
    };
    const way = partOf(folder, 'way', () => innerForwarder(tools, socketDir, wayDir));
    const door = partOf(folder, 'door', () => forwarder(tools, socketDir, address, session.port));
    const worker = partOf(folder, WORKER, (nonce) => isolated(tools, box, nonce));
    return {
      programs: session.spec.isExposed ? [way, door, worker] : [way, worker],
      listener: session.spec.isExposed ? 'door' : undefined,
      // If only a forwarder restarted, the worker may be busy with a long command.
      isReady: async () => session.readyAtMs !== undefined || (await answersPing(wayDir)),
      readyMs: READY_MS,
    };
  },
});

const answersPing = (wayDir: string): Promise<boolean> =>
  askWorker(wayDir, PING, AbortSignal.timeout(PING_MS)).then(isReady, () => false);
