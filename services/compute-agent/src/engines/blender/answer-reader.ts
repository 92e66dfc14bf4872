/** The byte before an answer. Blender prints it nowhere else. */
const MARK = 0x1e;
const NEWLINE = 0x0a;
/** No answer is longer. The reader drops a longer line. */
const MAX_BYTES = 4 * 1024 ** 2;

/**
 * Finds the answers in the output of a renderer, chunk by chunk: each is JSON from a mark to the end of the line. A marked
 * line that is not JSON is skipped.
 */
export const answerReader = (onAnswer: (message: unknown) => void): ((chunk: Buffer) => void) => {
  let pending: Buffer[] = [];
  let size = 0;

  const answered = (bytes: Buffer): void => {
    let message: unknown;
    try {
      message = JSON.parse(bytes.toString('utf8'));
    } catch {
      return;
    }
    onAnswer(message);
  };

  /** Consumes the chunk up to the end of one line, and returns the rest. */
  const step = (chunk: Buffer): Buffer => {
    if (size === 0) {
      const mark = chunk.indexOf(MARK);
      if (mark === -1) {
        return chunk.subarray(chunk.length);
      }
      chunk = chunk.subarray(mark);
    }
    const end = chunk.indexOf(NEWLINE);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    pending.push(part);
    size += part.length;
    if (end !== -1 || size > MAX_BYTES) {
      if (size <= MAX_BYTES) {
        answered(Buffer.concat(pending).subarray(1));
      }
      pending = [];
      size = 0;
    }
    return end === -1 ? chunk.subarray(chunk.length) : chunk.subarray(end);
  };

  return (chunk) => {
    for (let rest = chunk; rest.length > 0;) {
      rest = step(rest);
    }
  };
};
