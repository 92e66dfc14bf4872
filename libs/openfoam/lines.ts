/** Longer lines lose their end: no line that counts comes near it. */
export const MAX_LINE = 2_048;

/**
 * Cuts output into lines, whatever chunks it comes in. It never keeps more than one line.
 *
 * @param onLine gets each line without its end, at most {@link MAX_LINE} characters of it
 */
export const lineReader = (onLine: (line: string) => void) => {
  // One decoder for the whole, because a chunk may end within a character.
  const decoder = new TextDecoder('utf-8');
  let pending = '';

  const take = (text: string): void => {
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      const line = pending + text.slice(from, Math.min(end, from + MAX_LINE));
      pending = '';
      from = end + 1;
      onLine(line.slice(0, MAX_LINE).trimEnd());
    }
    pending = (pending + text.slice(from, from + MAX_LINE)).slice(0, MAX_LINE);
  };

  return {
    add: (chunk: Uint8Array): void => take(decoder.decode(chunk, { stream: true })),
    /** There is no more: what has no end yet is a line too. */
    end: (): void => {
      take(decoder.decode());
      if (pending !== '') {
        take('\n');
      }
    },
  };
};
