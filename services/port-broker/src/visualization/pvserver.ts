import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config.ts';
import type { Session } from '../domain/session.ts';
import { checkProgram, StartFailure, systemProgram } from '#libs/programs/index.ts';
import {
  findTools,
  forwarder,
  isolated,
  MAX_PROCESSES,
  partOf,
  watched,
} from '../process/isolate.ts';
import { checkReadable } from './case.ts';
import { give, ownerOf } from '../process/user.ts';
import type { FolderUsage } from '#libs/sandbox/index.ts';
import type { SessionType } from '../session/session-type.ts';

export interface VisualizationSpec {
  /** The host's folder with the case; empty: the case is unpacked from the object into the session's folder. */
  caseDir: string;
  objectId: string;
  /** Name of the file to open in the case's folder; empty until it is known. */
  foam: string;
  version: string;
  /** What the case from an archive takes, as it was unpacked; undefined: there is none, or not yet, or an earlier build unpacked it. */
  given?: FolderUsage;
  /** What a client has to say to be let in; undefined: the server is of an earlier build, and asks for nothing. */
  connectId?: number;
}

/** Where the server sees its case. */
export const CASE = '/case';

const INSIDE_PORT = 11_111;
/** Debian's build starts a helper for MPI that leaves the process group. */
const OFFSCREEN = ['--force-offscreen-rendering', '--disable-xdisplay-test', '--no-mpi'];
const READY_MS = 60_000;
/** It loads 400 libraries to say it, on a host that may be busy. */
const VERSION_MS = 40_000;
const GRACE_MS = 3_000;
const AT_ONCE = 6;
/** The server can only read this folder. The broker writes there, and would follow a link that the server made. */
const TOLD = '/told';
const MINUTES = 'minutes';

interface PvserverOptions
  extends
    Required<Pick<SessionType<VisualizationSpec>, 'prepare'>>,
    Pick<Config['visualization'], 'pvserver'> {
  address: string;
  /** How much memory a server may use. */
  memoryBytes: number;
  /** How much it may write. */
  diskBytes: number;
  /** What a case from an archive takes at most. */
  maxCase: FolderUsage;
  /** Whether clients are told how many minutes are left. */
  isTimed: boolean;
  /** The folder of a session's case. An archive is unpacked first. */
  caseOf: (session: Session<VisualizationSpec>, folder: string) => Promise<string>;
}

/**
 * Sessions of ParaView servers. A server is ready when its output says so, because a trial connection would be its only
 * client.
 */
export const pvserverSessions = (options: PvserverOptions): SessionType<VisualizationSpec> => ({
  name: 'visualization',
  pool: 'visualization',
  isRestarted: () => true,
  graceMs: GRACE_MS,
  startsAtOnce: AT_ONCE,
  limits: ({ spec }, role) =>
    role === 'pvserver'
      ? watched({
          memoryBytes: options.memoryBytes,
          workDirBytes: options.diskBytes,
          given: spec.given ?? (spec.objectId === '' ? undefined : options.maxCase),
        })
      : undefined,
  prepare: options.prepare,
  recipe: async (session, folder) => {
    const program = options.pvserver ?? (await systemProgram('pvserver'));
    await checkProgram(program);
    const [socketDir, toldDir] = [join(folder, 'run'), join(folder, 'told')];
    await mkdir(socketDir, { recursive: true, mode: 0o700 });
    // The server reads it as another user. Nobody else gets into the session's folder.
    await mkdir(toldDir, { recursive: true });
    await chmod(toldDir, 0o755);
    const caseDir = await options.caseOf(session, folder);
    const user = await ownerOf(caseDir);
    await give(socketDir, user);
    const tools = await findTools(user);
    if (tools.user !== undefined) {
      await checkReadable(caseDir, tools.user);
    }
    const timed = options.isTimed ? ['--timeout-command', `cat ${TOLD}/${MINUTES}`] : [];
    const { connectId } = session.spec;
    const secret = connectId === undefined ? [] : [`--connect-id=${connectId}`];
    const argv = [program, `--server-port=${INSIDE_PORT}`, ...secret, ...OFFSCREEN, ...timed];
    const box = {
      argv,
      env: {},
      port: INSIDE_PORT,
      work: { host: caseDir, inside: CASE },
      readOnly: [{ host: toldDir, inside: TOLD }],
      socketDir,
      limits: limitsOf(options.memoryBytes),
    };
    return {
      programs: [
        partOf(folder, 'forwarder', () =>
          forwarder(tools, socketDir, options.address, session.port),
        ),
        partOf(folder, 'pvserver', (nonce) => isolated(tools, box, nonce)),
      ],
      listener: 'forwarder',
      isReady: (said) => Promise.resolve(said('pvserver').includes('Accepting connection(s)')),
      readyMs: READY_MS,
    };
  },
});

/** Tells the clients of a session how many minutes it has left. */
export const tellMinutes = async (folder: string, minutes: number): Promise<void> => {
  const path = join(folder, 'told', MINUTES);
  await writeFile(path, `${minutes}\n`);
  await chmod(path, 0o644);
};

const GIB = 1024 ** 3;

/** Each process reserves much more address space than it uses. The broker ends the tree beyond its memory. */
const limitsOf = (memoryBytes: number) => ({
  addressSpaceBytes: 2 * memoryBytes + 8 * GIB,
  processes: MAX_PROCESSES,
});

const versions = new Map<string, Promise<string>>();

/** The version that pvserver prints, such as `5.11.0`. Throws StartFailure. */
export const pvserverVersion = async (configured: string | undefined): Promise<string> => {
  const program = configured ?? (await systemProgram('pvserver'));
  await checkProgram(program);
  const known = versions.get(program) ?? askVersion(program);
  versions.set(program, known);
  known.catch(() => versions.delete(program));
  return known;
};

const askVersion = async (program: string): Promise<string> => {
  const silent = (cause?: unknown): StartFailure =>
    new StartFailure('PROGRAM_EXITED', 'pvserver', 'does not tell its version', { cause });
  const { stdout, stderr } = await promisify(execFile)(program, ['--version'], {
    timeout: VERSION_MS,
  }).catch((thrown: unknown) => {
    throw silent(thrown);
  });
  const version = /\d{1,9}\.\d{1,9}(?:\.\d{1,9}){0,3}/.exec(`${stdout}${stderr}`)?.[0];
  if (version === undefined) {
    throw silent();
  }
  return version;
};
