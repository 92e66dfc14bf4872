/** The byte before an answer: nothing else that Blender prints has it. */
const MARK = 0x1e;
const NEWLINE = 0x0a;
/** No answer is longer. Chatter without an end is dropped. */
const MOST_BYTES = 4 * 1024 ** 2;

/**
 * Picks the answers out of what a renderer prints: each from a mark to the end of its line, wherever between other output.
 * `onAnswer` gets the parsed JSON; what is marked but is no JSON is passed over. Feed it with the chunks as they come.
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

  /** One step: from a mark to a newline if both are in the chunk. Returns what is left. */
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
    if (end !== -1 || size > MOST_BYTES) {
      if (size <= MOST_BYTES) {
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
