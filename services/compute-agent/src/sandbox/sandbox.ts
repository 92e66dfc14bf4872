import { basename, join, relative } from 'node:path';
import { type Limits, prlimit } from './limits.ts';
import { bubblewrap, GIVEN, type Mount, WORK } from './profile.ts';

/** How programs are kept from the machine: by `bubblewrap`, or not at all (`--no-sandbox`). */
export type Sandbox =
  { kind: 'bubblewrap'; program: string; version: string; asRoot: boolean } | { kind: 'none' };

/** What a confined program may see and use. All paths are absolute and exist on the host. */
export interface Box {
  /** The only folder it can write to; see {@link makeWorkDir}. */
  workDir: string;
  /** Files and folders that it can read, in addition to the system's programs. */
  readOnly: readonly string[];
  limits: Limits;
  /** Environment in addition to PATH, HOME, TMPDIR and LANG. Nothing is inherited. */
  env?: Readonly<Record<string, string>>;
}

/** A command line with its complete environment. */
export interface ConfinedCommand {
  argv: readonly [string, ...string[]];
  env: Readonly<Record<string, string>>;
}

const isBelow = (folder: string, path: string): boolean => {
  const rest = relative(folder, path);
  return rest !== '..' && !rest.startsWith('../');
};

const mounts = (box: Box): Mount[] => [
  { host: box.workDir, inside: WORK },
  ...box.readOnly.map((host, i) => ({ host, inside: join(GIVEN, String(i), basename(host)) })),
];

/** The path in the sandbox of a host path. Throws if the program cannot see it. */
export const insidePath = (sandbox: Sandbox, box: Box, path: string): string => {
  const mount = mounts(box).find(({ host }) => isBelow(host, path));
  if (mount === undefined) {
    throw new Error(`${path} is not part of the box`);
  }
  return sandbox.kind === 'none' ? path : join(mount.inside, relative(mount.host, path));
};

/**
 * The command line that runs `command` at nice 10 in the box. Network, other files and other processes are
 * out of its reach, its resources are bounded, and its whole tree ends with the process that started it.
 * `command` gets a function that translates host paths to paths in the sandbox.
 *
 * Without a sandbox only the limits, the environment and the end with the parent hold. The number of
 * processes is not limited then, because the kernel would count all processes of the user.
 */
export const confine = (
  sandbox: Sandbox,
  box: Box,
  command: (at: (hostPath: string) => string) => readonly string[],
): ConfinedCommand => {
  const at = (path: string): string => insidePath(sandbox, box, path);
  const home = at(box.workDir);
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: home,
    TMPDIR: sandbox.kind === 'none' ? home : '/tmp',
    ...box.env,
  };
  const wrap =
    sandbox.kind === 'none'
      ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--']
      : bubblewrap(sandbox, { ...box, readOnly: mounts(box).slice(1), env });
  const limit = prlimit(box.limits, { countProcesses: sandbox.kind === 'bubblewrap' });
  return { argv: ['/usr/bin/nice', '-n', '10', ...wrap, ...limit, ...command(at)], env };
};
