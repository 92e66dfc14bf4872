/** A buffer that grows with its content up to a bound, because small files must stay small in memory. */
export interface Block {
  /** Copies as much as fits and returns how many bytes that were; 0 once the block is full. */
  append(bytes: Uint8Array): number;
  readonly length: number;
  readonly isFull: boolean;
  /** The content; valid until `clear`. */
  contents(): Uint8Array;
  clear(): void;
}

const FIRST_BYTES = 64 * 1024;

export const createBlock = (maximumBytes: number): Block => {
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
    append(bytes) {
      const part = bytes.subarray(0, maximumBytes - length);
      reserve(length + part.length);
      buffer.set(part, length);
      length += part.length;
      return part.length;
    },
    get length() {
      return length;
    },
    get isFull() {
      return length === maximumBytes;
    },
    contents: () => buffer.subarray(0, length),
    clear() {
      length = 0;
    },
  };
};
