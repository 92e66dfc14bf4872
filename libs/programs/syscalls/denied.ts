/** A system call: its name, and its number on x86-64 and on aarch64, where there is one. Source: the kernel's unistd.h. */
export type Call = readonly [name: string, x64: number | undefined, arm64: number | undefined];

const none = undefined;

/** What no renderer, decoder or server needs, and where holes of the kernel were found more than once. */
export const denied: readonly Call[] = [
  // Namespaces and file systems.
  ['unshare', 272, 97],
  ['setns', 308, 268],
  ['mount', 165, 40],
  ['umount2', 166, 39],
  ['pivot_root', 155, 41],
  ['chroot', 161, 51],
  ['open_tree', 428, 428],
  ['move_mount', 429, 429],
  ['fsopen', 430, 430],
  ['fsconfig', 431, 431],
  ['fsmount', 432, 432],
  ['fspick', 433, 433],
  ['mount_setattr', 442, 442],
  ['quotactl', 179, 60],
  ['quotactl_fd', 443, 443],
  ['swapon', 167, 224],
  ['swapoff', 168, 225],
  ['acct', 163, 89],
  ['fanotify_init', 300, 262],
  ['fanotify_mark', 301, 263],
  // They reach files without their path.
  ['name_to_handle_at', 303, 264],
  ['open_by_handle_at', 304, 265],
  // Keyrings, which namespaces do not separate.
  ['add_key', 248, 217],
  ['request_key', 249, 218],
  ['keyctl', 250, 219],
  // Other processes.
  ['ptrace', 101, 117],
  ['process_vm_readv', 310, 270],
  ['process_vm_writev', 311, 271],
  ['pidfd_getfd', 438, 438],
  // The kernel's own machinery.
  ['io_uring_setup', 425, 425],
  ['io_uring_enter', 426, 426],
  ['io_uring_register', 427, 427],
  ['bpf', 321, 280],
  ['perf_event_open', 298, 241],
  ['userfaultfd', 323, 282],
  ['init_module', 175, 105],
  ['finit_module', 313, 273],
  ['delete_module', 176, 106],
  ['kexec_load', 246, 104],
  ['kexec_file_load', 320, 294],
  ['lookup_dcookie', 212, 18],
  ['syslog', 103, 116],
  ['modify_ldt', 154, none],
  ['iopl', 172, none],
  ['ioperm', 173, none],
  ['uselib', 134, none],
  ['nfsservctl', 180, 42],
  // The machine.
  ['reboot', 169, 142],
  ['sethostname', 170, 161],
  ['setdomainname', 171, 162],
  ['settimeofday', 164, 170],
  ['adjtimex', 159, 171],
  ['clock_settime', 227, 112],
  ['clock_adjtime', 305, 266],
  ['vhangup', 153, 58],
  // Where memory lies.
  ['mbind', 237, 235],
  ['set_mempolicy', 238, 237],
  ['get_mempolicy', 239, 236],
  ['set_mempolicy_home_node', 450, 450],
  ['migrate_pages', 256, 238],
  ['move_pages', 279, 239],
  ['remap_file_pages', 216, 234],
  // Memory that is in no process, and that no watch would see.
  ['shmget', 29, 194],
  ['semget', 64, 190],
  ['msgget', 68, 186],
  ['mq_open', 240, 180],
  ['memfd_secret', 447, 447],
];
