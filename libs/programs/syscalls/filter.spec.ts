import { expect } from 'chai';
import { describe, it } from 'mocha';
import { denied } from './denied.ts';
import { type Arch, filterFor } from './filter.ts';

const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 };
const ALLOWED = 0x7fff0000;
const KILLED = 0x80000000;
const failed = (errno: number): number => 0x50000 | errno;
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];

/** Does what the kernel does with a filter: for a call with these arguments, the value that it gives. */
const verdict = (
  arch: Arch,
  number: number,
  args: readonly number[] = [],
  audit = AUDIT[arch],
): number => {
  const program = filterFor(arch);
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(audit, 4);
  args.forEach((value, i) => data.writeUInt32LE(value, 16 + 8 * i));
  let a = 0;
  for (let at = 0; at < program.length; at += 8) {
    const operand = program.readUInt32LE(at + 4);
    const code = program.readUInt16LE(at);
    if (code === 0x06) {
      return operand;
    }
    if (code === 0x20) {
      a = data.readUInt32LE(operand);
      continue;
    }
    const isTrue =
      code === 0x15 ? a === operand : code === 0x35 ? a >= operand : (a & operand) !== 0;
    at += 8 * program.readUInt8(at + (isTrue ? 2 : 3));
  }
  throw new Error('the program ends without a verdict');
};

describe('the filter of system calls', () => {
  for (const [arch, column, calls] of [
    ['x64', 1, { socket: 41, ioctl: 16, clone: 56, personality: 135 }],
    ['arm64', 2, { socket: 198, ioctl: 29, clone: 220, personality: 92 }],
  ] as const) {
    it(`denies on ${arch} what is on the list, and no other call`, () => {
      const listed = new Set(denied.flatMap((call) => call[column] ?? []));
      const refused = new Set<number>();
      for (let number = 0; number < 457; number += 1) {
        const given = verdict(arch, number, [1]);
        if (given === failed(EPERM)) {
          refused.add(number);
        } else {
          expect(given, String(number)).to.equal(number === 435 ? failed(ENOSYS) : ALLOWED);
        }
      }
      // The argument was 1, which is a personality that no program of today has.
      expect(refused).to.deep.equal(new Set([...listed, calls.personality]));
      for (const number of [457, 500, 1_000, 0x3fffffff]) {
        expect(verdict(arch, number)).to.equal(failed(ENOSYS));
      }
    });

    it(`looks on ${arch} at the arguments of calls that programs need`, () => {
      const { socket, ioctl, clone, personality } = calls;
      const families = Array.from({ length: 50 }, (_, family) => family);
      expect(
        families.filter((family) => verdict(arch, socket, [family]) === ALLOWED),
      ).to.deep.equal([1, 2, 10, 16]);
      expect(verdict(arch, socket, [40])).to.equal(failed(EAFNOSUPPORT));
      expect(verdict(arch, personality, [0xffffffff])).to.equal(ALLOWED);
      expect(verdict(arch, personality, [0x40000])).to.equal(failed(EPERM));
      expect(verdict(arch, ioctl, [0, 0x5401])).to.equal(ALLOWED);
      expect(verdict(arch, ioctl, [0, 0x5412])).to.equal(failed(EPERM));
      expect(verdict(arch, ioctl, [0, 0x541c])).to.equal(failed(EPERM));
      // As a thread and as a process are started, and with a namespace.
      expect(verdict(arch, clone, [0x3d0f00])).to.equal(ALLOWED);
      expect(verdict(arch, clone, [0x1200011])).to.equal(ALLOWED);
      for (let bit = 25; bit < 31; bit += 1) {
        expect(verdict(arch, clone, [(1 << bit) | 17])).to.equal(failed(EPERM));
      }
      expect(verdict(arch, clone, [0x20011])).to.equal(failed(EPERM));
    });

    it(`ends on ${arch} what calls as another instruction set does`, () => {
      const other = arch === 'x64' ? 'arm64' : 'x64';
      for (const audit of [AUDIT[other], 0x40000003, 0x40000028]) {
        expect(verdict(arch, 39, [], audit)).to.equal(KILLED);
      }
      expect(verdict(arch, 0x40000027)).to.equal(arch === 'x64' ? KILLED : failed(ENOSYS));
    });
  }
});
