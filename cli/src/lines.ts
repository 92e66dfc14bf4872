/** The non-empty lines of a byte or text stream, as they come; the last one needs no line end. */
export async function* readLines(
  input: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line.trim() !== '');
  }
  rest += decoder.decode();
  if (rest.trim() !== '') {
    yield rest;
  }
}

/** Everything as one text. */
export const readText = async (input: AsyncIterable<Uint8Array | string>): Promise<string> => {
  const lines: string[] = [];
  for await (const line of readLines(input)) {
    lines.push(line);
  }
  return lines.join('\n');
};
