import { dirname } from 'node:path';
import { environment, FILTERED, folder, PROC, SYSTEM } from '#libs/programs/index.ts';
import type { Limits } from './limits.ts';

/** A host path, and its path in the sandbox. */
export interface Mount {
  host: string;
  inside: string;
}

/** What a program may use of the machine beyond processors and memory: graphics cards. */
export interface Hardware {
  /** Files and folders in /dev. */
  nodes: readonly string[];
  /** Folders that drivers read, beside /usr and /sys. */
  folders: readonly string[];
  /** The groups of the nodes, which may use them. */
  groups: readonly number[];
}

/** The path of the work folder in the sandbox. */
export const WORK = '/work';

/** The folder in the sandbox for what the program may read, each in a numbered folder of its own. */
export const GIVEN = '/given';

/** What the sandbox has at the root of its file system, beside what is given to the program. */
const OWN = [
  'usr',
  'bin',
  'sbin',
  'lib',
  'lib64',
  'etc',
  'proc',
  'sys',
  'dev',
  'tmp',
  'work',
  'given',
];

/** Whether something can be given to the program at this very place: `/srv` or `/tmp/film`. */
export const isFreePlace = (place: string): boolean =>
  /^\/[^/]+$/.test(place) ? !OWN.includes(place.slice(1)) : /^\/tmp\/[^/]+$/.test(place);

/** The user of the program if the agent runs as root: `nobody`, because root is exempt from some limits. */
export const NOBODY = 65_534;

const SHM_BYTES = 16 * 1024 ** 2;

/** Drivers look in /sys for the cards. */
const hardwareFiles = ({ nodes, folders }: Hardware): string[] =>
  [
    ...nodes.map((node) => [...folder(dirname(node)), '--dev-bind-try', node, node]),
    ...['/sys', ...folders].map((path) => [...folder(dirname(path)), '--ro-bind', path, path]),
  ].flat();

const files = (
  workDir: string,
  readOnly: readonly Mount[],
  limits: Limits,
  hardware: Hardware | undefined,
): string[] =>
  [
    SYSTEM,
    PROC,
    ['--dev', '/dev'],
    ['--perms', '1777', '--size', String(limits.shmBytes ?? SHM_BYTES), '--tmpfs', '/dev/shm'],
    ['--perms', '1777', '--size', String(limits.tmpBytes), '--tmpfs', '/tmp'],
    hardware === undefined ? [] : hardwareFiles(hardware),
    folder(GIVEN),
    ...readOnly.map(({ host, inside }) => [...folder(dirname(inside)), '--ro-bind', host, inside]),
    ['--bind', workDir, WORK],
    // Both are in memory and have no limit of their own.
    ['--remount-ro', '/dev', '--remount-ro', '/'],
  ].flat();

const NAMESPACES =
  '--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try'.split(' ');
const OWN_USERS = ['--unshare-user', '--disable-userns'];
const TIED = ['--die-with-parent', '--new-session', '--hostname', 'muster', '--cap-drop', 'ALL'];

/** Limits of the program's own namespaces are files in /proc. The inner one of two steps still writes there. */
const AT_LAST = ['--remount-ro', '/proc', '--chdir', WORK];

const becomeNobody = (groups: readonly number[]): string[] => [
  ...`--reuid ${NOBODY} --regid ${NOBODY} --no-new-privs --bounding-set=-all --inh-caps=-all`.split(
    ' ',
  ),
  ...(groups.length === 0 ? ['--clear-groups'] : ['--groups', groups.join(',')]),
];

/**
 * The bubblewrap command line (0.8) in front of a program. The program gets namespaces of its own, no network, no
 * capabilities and no way to new user namespaces. It may read the system's programs and `readOnly`, and write to `workDir` (at /work)
 * and a small /tmp, and use the `hardware`. It ends with the process that started it.
 *
 * Root needs two steps, because the kernel does not count the processes of a user who is root outside. The outer one
 * makes the file system, because root may reach folders that others may not, and becomes `nobody`. The inner one enters
 * a user namespace, in which the kernel counts, and puts the filter of system calls around the program. The work folder must belong to the user of the program.
 */
export const bubblewrap = (
  options: { program: string; asRoot: boolean; isFiltered: boolean },
  box: {
    workDir: string;
    readOnly: readonly Mount[];
    limits: Limits;
    hardware?: Hardware | undefined;
    env: Readonly<Record<string, string>>;
  },
): string[] => {
  const { program, asRoot } = options;
  const filtered = options.isFiltered ? FILTERED : [];
  const inside = [
    ...files(box.workDir, box.readOnly, box.limits, box.hardware),
    ...environment(box.env),
  ];
  if (!asRoot) {
    return [
      program,
      ...NAMESPACES,
      ...OWN_USERS,
      ...TIED,
      ...filtered,
      ...inside,
      ...AT_LAST,
      '--',
    ];
  }
  const turning = ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'];
  const again = ['--dev-bind', '/', '/', ...AT_LAST];
  return [
    [program, ...NAMESPACES, ...TIED, ...turning, ...inside, '--'],
    ['/usr/bin/setpriv', ...becomeNobody(box.hardware?.groups ?? []), '--'],
    [program, ...OWN_USERS, '--die-with-parent', '--cap-drop', 'ALL', ...filtered, ...again, '--'],
  ].flat();
};
