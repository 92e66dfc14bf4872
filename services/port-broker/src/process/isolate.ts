import { environment, FILTERED, MARK, PROC, SYSTEM, systemProgram } from '#libs/programs/index.ts';
import { outputOf } from '../session/process-group.ts';
import type { Program } from '../session/session-type.ts';

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
  /** Its limits; undefined: none. */
  limits?: { memoryBytes?: number | undefined; cpuSeconds?: number | undefined };
}

/** Where bubblewrap and socat are. */
interface Tools {
  bwrap: string;
  socat: string;
}

/** Throws StartFailure if one is not installed. */
export const findTools = async (): Promise<Tools> => ({
  bwrap: await systemProgram('bwrap'),
  socat: await systemProgram('socat'),
});

/** A confined program of a session, which runs in the session's folder. */
export const partOf = (
  folder: string,
  role: string,
  argv: (nonce: string) => string[],
): Program => ({
  role,
  command: (nonce) => ({
    argv: argv(nonce),
    env: {},
    cwd: folder,
    output: outputOf(folder, role),
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

/** Splits a command line at its blanks. No argument in it may contain one. */
const words = (text: string): string[] => text.split(' ');

/**
 * The command line that runs the program in its own namespaces. A Unix socket leads to it. The program outlives the
 * process that starts it. A write beyond its limit fails, but does not end it.
 */
export const isolated = ({ bwrap, socat }: Tools, box: Isolated, nonce: string): string[] => {
  const way = `UNIX-LISTEN:${SOCKET_DIR}/${SOCKET},${UNIX_LISTENING}`;
  const inside = `trap '' XFSZ; ${socat} ${way} TCP:127.0.0.1:${box.port} & "$@"; code=$?; kill $!; exit $code`;
  const { memoryBytes, cpuSeconds } = box.limits ?? {};
  const memory = memoryBytes === undefined ? [] : [`--as=${memoryBytes}`];
  const cpu = cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}`];
  return [
    ['/usr/bin/prlimit', '--core=0', `--fsize=${FILE_BYTES}`, memory, cpu, '--', bwrap].flat(),
    words('--unshare-all --unshare-user --disable-userns --cap-drop ALL --hostname muster'),
    FILTERED,
    SYSTEM,
    PROC,
    words(`--dev /dev --perms 1777 --size ${TMP_BYTES} --tmpfs /tmp`),
    box.readOnly.flatMap(({ host, inside: at }) => ['--ro-bind', host, at]),
    ['--bind', box.work.host, box.work.inside, '--bind', box.socketDir, SOCKET_DIR],
    words('--remount-ro /proc --remount-ro /dev --remount-ro /'),
    environment({ PATH: '/usr/bin:/bin', HOME: box.work.inside, ...box.env, [MARK]: nonce }),
    ['--chdir', box.work.inside, '--', '/bin/sh', '-c', inside, 'sh', ...box.argv],
  ].flat();
};

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
  return confined(tools, [], socketDir, listen, `UNIX-CONNECT:${SOCKET},retry=80,interval=0.25`);
};

/** A forwarder for the broker alone: it has no network, and listens on a socket in a folder that the program does not see. */
export const innerForwarder = (tools: Tools, socketDir: string, wayDir: string): string[] => {
  const box = ['--unshare-net', '--bind', wayDir, WAY_DIR];
  const listen = `UNIX-LISTEN:${WAY_DIR}/${SOCKET},${UNIX_LISTENING}`;
  return confined(tools, box, socketDir, listen, `UNIX-CONNECT:${SOCKET}`);
};

const confined = (
  { bwrap, socat }: Tools,
  box: string[],
  socketDir: string,
  from: string,
  to: string,
): string[] =>
  [
    [bwrap, ...words('--unshare-user --unshare-ipc --unshare-uts --disable-userns --cap-drop ALL')],
    FILTERED,
    SYSTEM,
    box,
    ['--bind', socketDir, SOCKET_DIR, '--remount-ro', '/', '--chdir', SOCKET_DIR, '--'],
    [socat, from, to],
  ].flat();
