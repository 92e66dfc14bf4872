import { chmod, chown, lchown, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { type Limits, prlimit } from './limits.ts';
import { bubblewrap, GIVEN, type Hardware, type Mount, NOBODY, WORK } from './profile.ts';

/** How programs are kept from the machine: by `bubblewrap`, or not at all (`--no-sandbox`). */
export type Sandbox =
  | {
      kind: 'bubblewrap';
      program: string;
      version: string;
      asRoot: boolean;
      /** Whether system calls are filtered. */
      isFiltered: boolean;
    }
  | { kind: 'none' };

/**
 * A file or folder that a program can read, under a name of its own if one is given. With `at`, the program finds it at that
 * very place, which nothing of the system may have.
 */
export type Given = string | { path: string; name: string } | { path: string; at: string };

/** What a confined program may see and use. All paths are absolute and exist on the host. */
export interface Box {
  /** The only folder it can write to; see {@link makeWorkDir}. */
  workDir: string;
  /** Files and folders that it can read, in addition to the system's programs. */
  readOnly: readonly Given[];
  limits: Limits;
  /** None by default. */
  hardware?: Hardware | undefined;
  /** Environment in addition to PATH, HOME, TMPDIR and LANG. Nothing is inherited. */
  env?: Readonly<Record<string, string>>;
}

/** Gives a folder to the user of the confined program, and closes it to all others. */
export const own = async (asRoot: boolean, path: string): Promise<void> => {
  await chmod(path, 0o700);
  if (asRoot) {
    await chown(path, NOBODY, NOBODY);
  }
};

/** Creates an empty work folder to which only the confined program and the agent can write, in place of an older one. */
export const makeWorkDir = async (sandbox: Sandbox, path: string): Promise<void> => {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  await own(sandbox.kind === 'bubblewrap' && sandbox.asRoot, path);
};

/** Gives everything in a work folder to the user of the confined program. Nothing may run in the box meanwhile. */
export const handOver = async (sandbox: Sandbox, workDir: string): Promise<void> => {
  const isOthers = sandbox.kind === 'bubblewrap' && sandbox.asRoot;
  await own(isOthers, workDir);
  if (isOthers) {
    for (const { parentPath, name } of await readdir(workDir, {
      withFileTypes: true,
      recursive: true,
    })) {
      await lchown(join(parentPath, name), NOBODY, NOBODY);
    }
  }
};

const isBelow = (folder: string, path: string): boolean => {
  const rest = relative(folder, path);
  return rest !== '..' && !rest.startsWith('../');
};

/** A name without a way out of its folder, and without characters that no file name has. */
export const plainName = (name: string): string => {
  const last = basename(name.replaceAll(/[\p{Cc}\\]/gu, '_'));
  return ['', '.', '..'].includes(last) || Buffer.byteLength(last) > 255 ? 'given' : last;
};

const mounts = (box: Box): Mount[] => [
  { host: box.workDir, inside: WORK },
  ...box.readOnly.map((given, i) => {
    if (typeof given === 'object' && 'at' in given) {
      return { host: given.path, inside: given.at };
    }
    const { path: host, name } = typeof given === 'string' ? { path: given, name: given } : given;
    return { host, inside: join(GIVEN, String(i), plainName(name)) };
  }),
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
 * The command line that runs `command` at nice 10 in the box, with its whole environment. Network, other files and other
 * processes are out of its reach, and its tree ends with the process that started it. `command` gets a function that
 * translates host paths to paths in the sandbox.
 *
 * Without a sandbox only the limits, the environment and the end with the parent hold, and processes are not counted,
 * because the kernel would count all of the user's.
 */
export const confine = (
  sandbox: Sandbox,
  box: Box,
  command: (at: (hostPath: string) => string) => readonly string[],
): { argv: readonly [string, ...string[]]; env: Readonly<Record<string, string>> } => {
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
