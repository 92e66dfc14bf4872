/** Parts of bubblewrap's (0.8) command line that every sandbox here has. */

/** An empty folder that all may enter: without it bubblewrap makes those on the way to a file as private as the file. */
export const folder = (path: string): string[] => ['--perms', '0755', '--dir', path];

/** Enough of the system to run programs of Debian's packages, and nothing of its users. */
export const SYSTEM: readonly string[] = [
  ['--ro-bind', '/usr', '/usr'],
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
