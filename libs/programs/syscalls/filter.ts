import { assemble, give, ifAnyBit, ifAtLeast, ifEqual, type Instruction, load } from './bpf.ts';
import { denied } from './denied.ts';

/** Processors for which there is a filter, as Node names them. */
export type Arch = 'x64' | 'arm64';

/** What the filter does with calls (seccomp(2)). */
const ALLOW = 0x7f_ff_00_00;
const KILL_PROCESS = 0x80_00_00_00;
const fail = (errno: number): number => 0x00_05_00_00 | errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** Where the kernel puts what a call is (`struct seccomp_data`). Of an argument, only the lower half has a meaning here. */
const NUMBER = 0;
const ARCH = 4;
const argument = (i: number): number => 16 + 8 * i;

interface Machine {
  /** Its place in a row of the table. */
  column: 1 | 2;
  /** How the kernel calls its kind of system calls (linux/audit.h). */
  audit: number;
  socket: number;
  ioctl: number;
  clone: number;
  personality: number;
}

const machines: Readonly<Record<Arch, Machine>> = {
  x64: { column: 1, audit: 0xc0_00_00_3e, socket: 41, ioctl: 16, clone: 56, personality: 135 },
  arm64: { column: 2, audit: 0xc0_00_00_b7, socket: 198, ioctl: 29, clone: 220, personality: 92 },
};

const CLONE3 = 435;
/** Numbers are the same everywhere from 424 on. Later calls than those up to Linux 6.7 are unknown here. */
const FIRST_UNKNOWN = 457;
/** x32 calls have this bit in their number. */
const X32 = 0x40_00_00_00;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NEW_NAMESPACES = 0x7e_02_00_00;
/** They put text into a terminal, as if somebody had typed it. */
const TIOCSTI = 0x54_12;
const TIOCLINUX = 0x54_1c;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: what programs use within their own network. */
const FAMILIES = [1, 2, 10, 16];
/** Linux as it is, and the question which it is. */
const PERSONALITIES = [0, 0xff_ff_ff_ff];

const when = (call: number, then: readonly Instruction[]): Instruction[] => [
  ifEqual(call, 0, then.length),
  ...then,
];

/** Allows a call whose first argument is one of these. */
const onlyWith = (call: number, values: readonly number[], errno: number): Instruction[] =>
  when(call, [
    load(argument(0)),
    ...values.map((value, i) => ifEqual(value, values.length - i, 0)),
    give(fail(errno)),
    give(ALLOW),
  ]);

/** A call that fails with one of these arguments: `test` leaves out as many instructions as it is told. */
const notWith = (call: number, i: number, tests: readonly Instruction[]): Instruction[] =>
  when(call, [load(argument(i)), ...tests, give(ALLOW), give(fail(EPERM))]);

/**
 * The seccomp filter of all confined programs, as bubblewrap reads it: a list of what is denied, as Flatpak has one. What is
 * denied fails with EPERM, calls of another instruction set end the program, and calls that came later than this list do not
 * exist. `clone3` does not exist either, because a filter cannot look at its flags; C libraries then use `clone`.
 */
export const filterFor = (arch: Arch): Buffer => {
  const { column, audit, socket, ioctl, clone, personality } = machines[arch];
  const numbers = denied.flatMap((call) => call[column] ?? []);
  return assemble([
    load(ARCH),
    ifEqual(audit, 1, 0),
    give(KILL_PROCESS),
    load(NUMBER),
    ...(arch === 'x64' ? [ifAtLeast(X32, 0, 1), give(KILL_PROCESS)] : []),
    ifAtLeast(FIRST_UNKNOWN, 0, 1),
    give(fail(ENOSYS)),
    ...numbers.flatMap((number) => when(number, [give(fail(EPERM))])),
    ...when(CLONE3, [give(fail(ENOSYS))]),
    ...onlyWith(socket, FAMILIES, EAFNOSUPPORT),
    ...onlyWith(personality, PERSONALITIES, EPERM),
    ...notWith(clone, 0, [ifAnyBit(NEW_NAMESPACES, 1, 0)]),
    ...notWith(ioctl, 1, [ifEqual(TIOCSTI, 2, 0), ifEqual(TIOCLINUX, 1, 0)]),
    give(ALLOW),
  ]);
};
