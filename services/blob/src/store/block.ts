/** Azure takes 50,000 blocks a blob: 195 GiB. Two such buffers are all that an upload holds. */
export const BLOCK_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;

/** A buffer that grows with its content up to a bound, because small files must stay small in memory. */
export const createBlock = (maximumBytes: number) => {
  let buffer = Buffer.alloc(0);
  let length = 0;
  const reserve = (wanted: number): void => {
    if (wanted <= buffer.length) {
      return;
    }
    const larger = Buffer.allocUnsafeSlow(
      Math.min(maximumBytes, Math.max(FIRST_BYTES, wanted, 2 * buffer.length)),
    );
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  };
  return {
    /** Copies as much as fits and returns how many bytes that were; 0 once the block is full. */
    append(bytes: Uint8Array): number {
      const part = bytes.subarray(0, maximumBytes - length);
      reserve(length + part.length);
      buffer.set(part, length);
      length += part.length;
      return part.length;
    },
    get length(): number {
      return length;
    },
    get isFull(): boolean {
      return length === maximumBytes;
    },
    /** The content; valid until `clear`. */
    contents: (): Uint8Array => buffer.subarray(0, length),
    clear(): void {
      length = 0;
    },
  };
};
