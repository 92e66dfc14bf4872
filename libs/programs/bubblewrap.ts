import { existsSync } from 'node:fs';

/** Parts of bubblewrap's (0.8) command line that every sandbox here has. */

/** An empty folder that all may enter: without it bubblewrap makes those on the way to a file as private as the file. */
export const folder = (path: string): string[] => ['--perms', '0755', '--dir', path];

/** The parts of /usr that programs are made of. The rest is for people and compilers: /usr/local/etc, /usr/src, … */
const PARTS = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libexec', 'share'].map(
  (part) => `/usr/${part}`,
);
const LOCAL_PARTS = ['bin', 'lib', 'lib64'].map((part) => `/usr/local/${part}`);

/** Whether `SYSTEM` has this file of the host, links not followed. */
export const isOfSystem = (path: string): boolean =>
  [...PARTS, ...LOCAL_PARTS, '/bin', '/sbin', '/lib', '/lib64'].some((part) =>
    path.startsWith(`${part}/`),
  );

/** Enough of the system to run programs of Debian's packages, and nothing of its users. */
export const SYSTEM: readonly string[] = [
  folder('/usr'),
  PARTS.flatMap((part) => ['--ro-bind-try', part, part]),
  folder('/usr/local'),
  LOCAL_PARTS.flatMap((part) => ['--ro-bind-try', part, part]),
  ['--symlink', 'usr/bin', '/bin'],
  ['--symlink', 'usr/sbin', '/sbin'],
  ['--symlink', 'usr/lib', '/lib'],
  ['--symlink', 'usr/lib64', '/lib64'],
  folder('/etc'),
  ['--ro-bind-try', '/etc/alternatives', '/etc/alternatives'],
  ['--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
  ['--ro-bind-try', '/etc/fonts', '/etc/fonts'],
].flat();

export const environment = (env: Readonly<Record<string, string>>): string[] => [
  '--clearenv',
  ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
];

/** What of /proc tells of the whole machine, and opens for root although it has no privileges in its namespace. */
const OF_THE_MACHINE =
  'kcore keys key-users kallsyms vmallocinfo slabinfo timer_list kpagecount kpageflags kpagecgroup sched_debug latency_stats iomem ioports'
    .split(' ')
    .map((name) => `/proc/${name}`);

/** A /proc of its own. Only what comes after it can make it read-only. */
export const PROC: readonly string[] = [
  ['--proc', '/proc'],
  // A file that this kernel lacks cannot be hidden.
  OF_THE_MACHINE.filter((path) => existsSync(path)).flatMap((path) => [
    '--ro-bind',
    '/dev/null',
    path,
  ]),
].flat();
