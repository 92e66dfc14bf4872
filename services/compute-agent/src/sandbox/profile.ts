import { dirname } from 'node:path';
import { environment, folder, SYSTEM } from '#libs/programs/index.ts';
import type { Limits } from './limits.ts';

/** A host path and where it is seen inside. */
export interface Mount {
  host: string;
  inside: string;
}

/** The work folder as the confined program sees it. */
export const WORK = '/work';

/** Where the program finds what it was given to read: each in a numbered folder of its own. */
export const GIVEN = '/given';

/** Who the program is when the agent runs as root: `nobody`, so that limits which root is exempt from hold for it. */
export const NOBODY = 65_534;

const SHM_BYTES = 16 * 1024 ** 2;

const files = (workDir: string, readOnly: readonly Mount[], limits: Limits): string[] =>
  [
    SYSTEM,
    ['--proc', '/proc', '--dev', '/dev'],
    ['--perms', '1777', '--size', String(SHM_BYTES), '--tmpfs', '/dev/shm'],
    ['--perms', '1777', '--size', String(limits.tmpBytes), '--tmpfs', '/tmp'],
    folder(GIVEN),
    ...readOnly.map(({ host, inside }) => [...folder(dirname(inside)), '--ro-bind', host, inside]),
    ['--bind', workDir, WORK],
    // Both are file systems in memory without a limit of their own.
    ['--remount-ro', '/dev', '--remount-ro', '/'],
  ].flat();

const NAMESPACES = '--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try'.split(' ');
const OWN_USERS = ['--unshare-user', '--disable-userns'];
const TIED = ['--die-with-parent', '--new-session', '--hostname', 'muster', '--cap-drop', 'ALL'];

const BECOME_NOBODY =
  `--reuid ${NOBODY} --regid ${NOBODY} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all`.split(' ');

/**
 * The bubblewrap command line (0.8) in front of a program: own namespaces of every kind, no network, no capabilities, no way
 * to new user namespaces, `/usr` and `readOnly` to read, `workDir` (at /work) and a small /tmp to write, gone with the
 * process that started it.
 *
 * For root it takes two steps. The kernel counts nobody's processes who is root outside, whatever he is inside; so the
 * outer step makes the file system (root may reach folders that others may not) and turns into `nobody`, the inner one
 * takes a user namespace, in which the count holds. The work folder must belong to whoever the program will be.
 */
export const bubblewrap = (
  options: { program: string; asRoot: boolean },
  box: { workDir: string; readOnly: readonly Mount[]; limits: Limits; env: Readonly<Record<string, string>> },
): string[] => {
  const { program, asRoot } = options;
  const inside = [...files(box.workDir, box.readOnly, box.limits), ...environment(box.env)];
  if (!asRoot) {
    return [program, ...NAMESPACES, ...OWN_USERS, ...TIED, ...inside, '--chdir', WORK, '--'];
  }
  const turning = ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'];
  const whole = ['--dev-bind', '/', '/', '--chdir', WORK];
  return [
    [program, ...NAMESPACES, ...TIED, ...turning, ...inside, '--'],
    ['/usr/bin/setpriv', ...BECOME_NOBODY, '--'],
    [program, ...OWN_USERS, '--die-with-parent', '--cap-drop', 'ALL', ...whole, '--'],
  ].flat();
};
