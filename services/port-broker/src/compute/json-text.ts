/**
 * The pieces of a JSON text that stand outside of its strings, each with the place where it begins. A string that never
 * ends reaches to the end of the text. Looks at each character once.
 */
export function* outsideStrings(text: string): Generator<{ start: number; piece: string }> {
  let start = 0;
  while (start < text.length) {
    const quote = text.indexOf('"', start);
    const end = quote === -1 ? text.length : quote;
    yield { start, piece: text.slice(start, end) };
    start = quote === -1 ? end : afterString(text, quote + 1);
  }
}

/** The place behind the quote that ends the string in which `at` stands. */
const afterString = (text: string, at: number): number => {
  for (let i = at; i < text.length; i += 1) {
    if (text[i] === '\\') {
      i += 1;
    } else if (text[i] === '"') {
      return i + 1;
    }
  }
  return text.length;
};

/** How deep arrays and objects of a JSON text are nested, counted without parsing it. */
export const depthOf = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  for (const { piece } of outsideStrings(text)) {
    for (const character of piece) {
      if (character === '[' || character === '{') {
        deepest = Math.max(deepest, (depth += 1));
      } else if (character === ']' || character === '}') {
        depth -= 1;
      }
    }
  }
  return deepest;
};

/** NaN and Infinity, which Python writes and JSON does not have, become null. Strings stay as they are. */
export const withoutNaN = (text: string): string => {
  const parts: string[] = [];
  let copied = 0;
  for (const { start, piece } of outsideStrings(text)) {
    parts.push(text.slice(copied, start), piece.replaceAll(/-?\b(?:Infinity|NaN)\b/g, 'null'));
    copied = start + piece.length;
  }
  return parts.join('') + text.slice(copied);
};
