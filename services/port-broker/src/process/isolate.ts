import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import {
  environment,
  FILTERED,
  folder,
  MARK,
  PROC,
  SYSTEM,
  systemProgram,
} from '#libs/programs/index.ts';
import type { WatchedLimits } from '#libs/sandbox/index.ts';
import { outputOf } from '../session/process-group.ts';
import type { Program } from '../session/session-type.ts';
import { isTurning, type User } from './user.ts';

/** A program without a network, which sees only some folders of the host. */
interface Isolated {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** The port on which it listens on its own loopback. */
  port: number;
  /** The host's folder that it may write to, and the path at which it sees that folder. */
  work: { host: string; inside: string };
  /** The host's files and folders that it may read, and the paths at which it sees them. */
  readOnly: readonly { host: string; inside: string }[];
  /** Folder of the host for the socket. */
  socketDir: string;
  limits: Limits;
}

/** What the kernel enforces for a program and all that it starts. */
interface Limits {
  /** The address space of each process; undefined: no bound. */
  addressSpaceBytes?: number | undefined;
  /** The CPU time of each process; undefined: no bound. */
  cpuSeconds?: number | undefined;
  /** Processes and threads together. */
  processes: number;
}

/** Where bubblewrap and socat are, and as whom they run programs. */
interface Tools {
  bwrap: string;
  socat: string;
  /** undefined: as the broker. */
  user: User | undefined;
}

/** `user`: as whom programs run if the broker is root. Throws StartFailure if one is not installed. */
export const findTools = async (user: User): Promise<Tools> => ({
  bwrap: await systemProgram('bwrap'),
  socat: await systemProgram('socat'),
  user: (await isTurning()) ? user : undefined,
});

/** A confined program of a session, which runs in the session's folder. */
export const partOf = (cwd: string, role: string, argv: (nonce: string) => string[]): Program => ({
  role,
  command: (nonce) => ({
    argv: argv(nonce),
    env: {},
    cwd,
    output: outputOf(cwd, role),
    isFiltered: true,
  }),
});

/** The name of the Unix socket in its folder that leads to the program. */
export const SOCKET = 's';
const SOCKET_DIR = '/run-s';
const WAY_DIR = '/way';
const MAX_CONNECTIONS = 64;
const LISTENING = `fork,reuseaddr,max-children=${MAX_CONNECTIONS}`;
const UNIX_LISTENING = `fork,unlink-early,mode=600,max-children=${MAX_CONNECTIONS}`;
/**
 * The longest file that a program can write. The broker cuts its output twice a second, but not while the broker is
 * down.
 */
const FILE_BYTES = 4 * 1024 ** 3;
const TMP_BYTES = 512 * 1024 ** 2;

/** The most processes and threads of a program: libraries start some for each processor. */
export const MAX_PROCESSES = 256 + 16 * availableParallelism();

/** What is watched of an isolated program and its session's folder. The kernel already bounds its processes. */
export const watched = (
  limits: Pick<WatchedLimits, 'memoryBytes' | 'workDirBytes' | 'given'>,
): WatchedLimits => ({
  ...limits,
  processes: 2 * MAX_PROCESSES,
});

/** Splits a command line at its blanks. No argument in it may contain one. */
const words = (text: string): string[] => text.split(' ');

/**
 * The command line that runs what comes after it with the host's files that `files` binds, without capabilities and without
 * a way to new user namespaces. `namespaces` are those beside the user's.
 *
 * Root needs two steps. The outer one makes the file system, because root may reach folders that others may not, and
 * becomes the user. The inner one enters a user namespace, in which the kernel counts processes.
 */
const confined = (
  { bwrap, user }: Pick<Tools, 'bwrap' | 'user'>,
  { namespaces, files, cwd }: { namespaces: string; files: string[]; cwd: string },
): string[] => {
  const system = [
    ...SYSTEM,
    ...PROC,
    ...words(`--dev /dev --perms 1777 --size ${TMP_BYTES} --tmpfs /tmp`),
  ];
  const view = [...system, ...files, ...words('--remount-ro /dev --remount-ro /')];
  const own = [...words('--unshare-user --disable-userns --cap-drop ALL'), ...FILTERED];
  // The inner one of two steps still writes to /proc.
  const last = ['--remount-ro', '/proc', '--chdir', cwd, '--'];
  if (user === undefined) {
    return [bwrap, ...own, ...words(namespaces), ...view, ...last];
  }
  const { uid, gid } = user;
  return [
    [bwrap, ...words(namespaces), ...words(TURNING), ...view, '--'],
    [
      '/usr/bin/setpriv',
      ...words(`--reuid ${uid} --regid ${gid} --clear-groups ${POWERLESS}`),
      '--',
    ],
    [bwrap, ...own, ...words('--dev-bind / /'), ...last],
  ].flat();
};

/** Everybody may enter the folders on the way. */
const bind = (how: '--bind' | '--ro-bind', host: string, inside = host): string[] => [
  ...folder(dirname(inside)),
  how,
  host,
  inside,
];

const TURNING = '--cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID';
const POWERLESS = '--no-new-privs --bounding-set=-all --inh-caps=-all';
/** Those of a program that has nothing to do with the host. */
const ALL = '--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try';

const prlimit = ({ addressSpaceBytes, cpuSeconds, processes }: Limits): string[] => [
  ...words(`/usr/bin/prlimit --core=0 --fsize=${FILE_BYTES} --nproc=${processes}`),
  ...(addressSpaceBytes === undefined ? [] : [`--as=${addressSpaceBytes}`]),
  ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}`]),
  '--',
];

/**
 * The command line that runs the program in its own namespaces. A Unix socket leads to it. The program outlives the
 * process that starts it. A write beyond its limit fails, but does not end it.
 */
export const isolated = (tools: Tools, box: Isolated, nonce: string): string[] => {
  const way = `UNIX-LISTEN:${SOCKET_DIR}/${SOCKET},${UNIX_LISTENING}`;
  const inside = `trap '' XFSZ; ${tools.socat} ${way} TCP:127.0.0.1:${box.port} & "$@"; code=$?; kill $!; exit $code`;
  const files = [
    box.readOnly.flatMap(({ host, inside: at }) => bind('--ro-bind', host, at)),
    ['--bind', box.work.host, box.work.inside, '--bind', box.socketDir, SOCKET_DIR],
    environment({ PATH: '/usr/bin:/bin', HOME: box.work.inside, ...box.env, [MARK]: nonce }),
  ].flat();
  const namespaces = `${ALL} --hostname muster`;
  return [
    confined(tools, { namespaces, files, cwd: box.work.inside }),
    prlimit(box.limits),
    ['/bin/sh', '-c', inside, 'sh', ...box.argv],
  ].flat();
};

/**
 * The command line that runs a program with the host's network and processes, which sees only some folders of the host,
 * each where the host has it.
 */
export const netted = (
  tools: Pick<Tools, 'bwrap' | 'user'>,
  { argv, readOnly, writable, limits }: Netted,
): string[] => {
  const files = [
    ...readOnly.flatMap((path) => bind('--ro-bind', path)),
    ...writable.flatMap((path) => bind('--bind', path)),
  ];
  const namespaces = '--unshare-ipc --unshare-uts';
  return [...confined(tools, { namespaces, files, cwd: '/' }), ...prlimit(limits), ...argv];
};

interface Netted {
  argv: readonly string[];
  readOnly: readonly string[];
  writable: readonly string[];
  limits: Limits;
}

/**
 * The command line of a forwarder from a port to the Unix socket in a folder. A client that connects while the program
 * restarts waits for it, up to 20 s. The forwarder has the host's network but sees only that folder of its files,
 * because the program may replace its socket with a link to one of the host's.
 */
export const forwarder = (
  tools: Tools,
  socketDir: string,
  address: string,
  port: number,
): string[] => {
  const listen = address.includes(':')
    ? `TCP6-LISTEN:${port},bind=[${address}],${LISTENING}`
    : `TCP4-LISTEN:${port},bind=${address},${LISTENING}`;
  const to = `UNIX-CONNECT:${SOCKET},retry=80,interval=0.25`;
  return forwarding(tools, NO_FILES, [], socketDir, listen, to);
};

/** A forwarder for the broker alone: it has no network, and listens on a socket in a folder that the program does not see. */
export const innerForwarder = (tools: Tools, socketDir: string, wayDir: string): string[] => {
  const files = ['--bind', wayDir, WAY_DIR];
  const listen = `UNIX-LISTEN:${WAY_DIR}/${SOCKET},${UNIX_LISTENING}`;
  const namespaces = `${NO_FILES} --unshare-net`;
  return forwarding(tools, namespaces, files, socketDir, listen, `UNIX-CONNECT:${SOCKET}`);
};

const NO_FILES = '--unshare-ipc --unshare-pid --unshare-uts';

const forwarding = (
  tools: Tools,
  namespaces: string,
  files: string[],
  socketDir: string,
  from: string,
  to: string,
): string[] => {
  const seen = [...files, '--bind', socketDir, SOCKET_DIR];
  const box = confined(tools, { namespaces, files: seen, cwd: SOCKET_DIR });
  return [...box, ...prlimit({ processes: 2 * MAX_CONNECTIONS }), tools.socat, from, to];
};
