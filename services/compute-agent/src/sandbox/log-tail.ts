/** The last bytes of an endless output. */
export interface LogTail {
  add(chunk: Uint8Array): void;
  /** What is kept, as text, beginning with a whole line where something was cut off. */
  text(): string;
}

/** Keeps at least the last `keepBytes` bytes (while there are as many), and never more than twice that. */
export const logTail = (keepBytes: number): LogTail => {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let cut = false;
  const shrink = (): void => {
    const all = Buffer.concat(chunks);
    cut ||= all.length > keepBytes;
    chunks = [all.subarray(-keepBytes)];
    size = Math.min(size, keepBytes);
  };
  return {
    add: (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > 2 * keepBytes) {
        shrink();
      }
    },
    text: () => {
      shrink();
      const text = Buffer.concat(chunks).toString('utf8');
      return cut ? text.slice(text.indexOf('\n') + 1) : text;
    },
  };
};
