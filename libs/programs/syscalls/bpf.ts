/** An instruction of classic BPF (linux/filter.h): opcode, jumps if true and if false, operand. */
export type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** Reads four bytes of what the kernel tells of a call. */
export const load = (offset: number): Instruction => [0x20, 0, 0, offset];
/** The jumps count the instructions that are left out. */
export const ifEqual = (value: number, ifTrue: number, ifFalse: number): Instruction => [
  0x15,
  ifTrue,
  ifFalse,
  value,
];
export const ifAtLeast = (value: number, ifTrue: number, ifFalse: number): Instruction => [
  0x35,
  ifTrue,
  ifFalse,
  value,
];
export const ifAnyBit = (mask: number, ifTrue: number, ifFalse: number): Instruction => [
  0x45,
  ifTrue,
  ifFalse,
  mask,
];
export const give = (value: number): Instruction => [0x06, 0, 0, value];

const BYTES = 8;

/** The program as little-endian kernels read it (`struct sock_filter`). */
export const assemble = (program: readonly Instruction[]): Buffer => {
  const bytes = Buffer.alloc(program.length * BYTES);
  for (const [i, [code, ifTrue, ifFalse, operand]] of program.entries()) {
    bytes.writeUInt16LE(code, i * BYTES);
    bytes.writeUInt8(ifTrue, i * BYTES + 2);
    bytes.writeUInt8(ifFalse, i * BYTES + 3);
    bytes.writeUInt32LE(operand, i * BYTES + 4);
  }
  return bytes;
};
