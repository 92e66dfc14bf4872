/** A word, a string or a sign of a dictionary, and its line, counted from 1. */
export interface Token {
  text: string;
  line: number;
  /** How it is written: a word with `#` and `$` included, `"text"`, `#{ code #}`, or one of `{}();`. */
  kind: 'word' | 'string' | 'code' | 'sign';
}

const BLANK = /\s/;
const SIGNS = '{}();[]';
const countLines = (text: string): number => text.split('\n').length - 1;

const WORD_ENDS = /[\s{}();[\]"]/g;

/** Where a word that begins at `from` ends. */
const wordEnd = (text: string, from: number): number => {
  // Names such as `div(phi,U)` and `${name}` have signs in them; what follows them decides nothing here.
  WORD_ENDS.lastIndex = from;
  return WORD_ENDS.exec(text)?.index ?? text.length;
};

/** Where a string that begins at `from` ends: after the quotation mark. */
const stringEnd = (text: string, from: number): number => {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') {
    at += text[at] === '\\' ? 2 : 1;
  }
  return Math.min(at + 1, text.length);
};

const endOf = (text: string, mark: string, from: number): number => {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at + mark.length;
};

/** The tokens of a dictionary without its comments. Rubbish gives tokens too; nothing throws. */
export function* tokensOf(text: string): Generator<Token> {
  let line = 1;
  for (let at = 0; at < text.length;) {
    const two = text.slice(at, at + 2);
    let end = at + 1;
    let kind: Token['kind'] | undefined;
    if (two === '//') {
      end = endOf(text, '\n', at);
    } else if (two === '/*') {
      end = endOf(text, '*/', at + 2);
    } else if (two === '#{') {
      end = endOf(text, '#}', at + 2);
      kind = 'code';
    } else if (text[at] === '"') {
      end = stringEnd(text, at);
      kind = 'string';
    } else if (SIGNS.includes(text[at] ?? '')) {
      kind = 'sign';
    } else if (!BLANK.test(text[at] ?? '')) {
      end = Math.max(end, wordEnd(text, at));
      kind = 'word';
    }
    const part = text.slice(at, end);
    if (kind !== undefined) {
      yield { text: part, line, kind };
    }
    line += countLines(part);
    at = end;
  }
}

/**
 * The entries at the top of a dictionary, as they are written; the last one of a name counts. Macros and includes are not
 * followed: only the programs themselves do that. Entries with a block have the value `{}`.
 */
export const topEntries = (text: string): Map<string, string> => {
  const entries = new Map<string, string>();
  let words: string[] = [];
  let depth = 0;
  for (const { text: part, kind } of tokensOf(text)) {
    if (kind === 'sign' && '{(['.includes(part)) {
      if (depth === 0 && part === '{' && words.length > 0) {
        entries.set(words[0] ?? '', '{}');
      }
      depth += 1;
    } else if (kind === 'sign' && '})]'.includes(part)) {
      depth = Math.max(0, depth - 1);
      words = depth === 0 && part === '}' ? [] : words;
    } else if (depth === 0 && part === ';') {
      const [name, ...value] = words;
      if (name !== undefined) {
        entries.set(name, value.join(' '));
      }
      words = [];
    } else if (depth === 0) {
      // A directive has no end of its own: `#include "file"`.
      const [first] = words;
      words = first?.startsWith('#') === true && kind === 'word' ? [part] : [...words, part];
      if (words[0]?.startsWith('#') === true && kind === 'string') {
        words = [];
      }
    }
  }
  return entries;
};

/** The value of a string or a word. */
export const unquoted = (value: string): string => value.replace(/^"/, '').replace(/"$/, '');
