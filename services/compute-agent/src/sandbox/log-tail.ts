/** The last bytes of an endless output. */
export interface LogTail {
  add(chunk: Uint8Array): void;
  /** The kept output as text. If earlier output was dropped, it begins with a whole line. */
  text(): string;
}

/** Keeps at least the last `keepBytes` bytes, and never more than twice as many. */
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
