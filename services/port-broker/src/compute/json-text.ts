export interface JsonRules {
  maxDepth: number;
  maxNumberChars: number;
  /** Takes NaN and Infinity too, which Python writes and JSON does not have. They become null. */
  takesNaN: boolean;
}

export interface JsonObject {
  /** The whole text, with null for NaN and Infinity. */
  text: string;
  /** The texts of those values of the outermost object whose names were asked for: of a name that is there twice, both. */
  values: ReadonlyMap<string, readonly string[]>;
  /** How many others the outermost object has. */
  others: number;
}

/** Characters between two yields: less than a millisecond's work. */
const SLICE_CHARS = 16_384;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const SPACE = 0x20;

type Expected = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'comma or end';

/**
 * Reads a stranger's JSON text whose value is an object, and makes nothing of it: 8 MiB of small elements take seconds and much memory to
 * parse, and everybody's calls would wait for that. It yields again and again, for `inSlices`. `names`: those of the values that are
 * wanted. Throws SyntaxError that says what is wrong.
 */
export function* readObject(
  text: string,
  names: readonly string[],
  rules: JsonRules,
): Generator<void, JsonObject> {
  const values = new Map(names.map((name) => [name, [] as string[]]));
  const rewriting = rewrite(text);
  /** The brackets that are to be closed. */
  const open: number[] = [];
  let expected: Expected = 'value';
  /** Where the present value of the outermost object goes, and where it begins. */
  let wanted: string[] | undefined;
  let begin = 0;
  let others = 0;
  let pause = SLICE_CHARS;
  let at = afterSpace(text, 0);
  const valueTo = (end: number): Expected => {
    at = end;
    if (open.length === 1) {
      wanted?.push(text.slice(begin, end));
    }
    return 'comma or end';
  };
  if (text.charCodeAt(at) !== OPEN_OBJECT) {
    throw new SyntaxError('it is no JSON object');
  }
  do {
    if (at >= pause) {
      pause = at + SLICE_CHARS;
      rewriting.keepUp();
      yield;
    }
    const code = text.charCodeAt(at);
    if (expected === 'value' && open.length === 1) {
      begin = at;
    }
    if (isSpace(code)) {
      at += 1;
    } else if (code === COLON && expected === 'colon') {
      at += 1;
      expected = 'value';
    } else if (code === COMMA && expected === 'comma or end') {
      at += 1;
      expected = open.at(-1) === CLOSE_OBJECT ? 'name' : 'value';
    } else if (code === open.at(-1) && mayEnd(expected)) {
      open.pop();
      expected = valueTo(at + 1);
    } else if (expected === 'colon' || expected === 'comma or end') {
      throw unexpected(text, at);
    } else if (code === QUOTE) {
      const from = at;
      at = inString(text, at + 1, pause);
      while (text.charCodeAt(at) !== QUOTE) {
        pause = at + SLICE_CHARS;
        yield;
        at = inString(text, at, pause);
      }
      if (expected === 'value' || expected === 'value or end') {
        expected = valueTo(at + 1);
      } else {
        at += 1;
        expected = 'colon';
        if (open.length === 1) {
          wanted = values.get(nameOf(text, from, at));
          others += wanted === undefined ? 1 : 0;
        }
      }
    } else if (expected === 'name' || expected === 'name or end') {
      throw unexpected(text, at);
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (open.length >= rules.maxDepth) {
        throw new SyntaxError(`it is nested over ${rules.maxDepth} deep`);
      }
      open.push(code === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST);
      expected = code === OPEN_OBJECT ? 'name or end' : 'value or end';
      at += 1;
    } else {
      const end = rules.takesNaN ? afterNaN(text, at, code) : at;
      if (end > at) {
        rewriting.putNull(at, end);
      }
      expected = valueTo(end > at ? end : afterScalar(text, at, rules.maxNumberChars));
    }
  } while (open.length > 0);
  at = afterSpace(text, at);
  if (at < text.length) {
    throw unexpected(text, at);
  }
  return { text: rewriting.whole(), values, others };
}

const mayEnd = (expected: Expected): boolean =>
  expected === 'comma or end' || expected === 'value or end' || expected === 'name or end';

const isSpace = (code: number): boolean =>
  code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;

const afterSpace = (text: string, at: number): number => {
  let end = at;
  while (isSpace(text.charCodeAt(end))) {
    end += 1;
  }
  return end;
};

const ESCAPE = /^\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/;
const ESCAPE_CHARS = 6;

/** The place of the quote that ends the string in which `from` stands, or a place behind `until` in that string. */
const inString = (text: string, from: number, until: number): number => {
  let at = from;
  while (at < until) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      return at;
    }
    const escape = code === BACKSLASH ? ESCAPE.exec(text.slice(at, at + ESCAPE_CHARS)) : undefined;
    // The end of the text has no code, which is no number.
    if (escape === null || !(code >= SPACE)) {
      throw unexpected(text, at);
    }
    at += escape?.[0].length ?? 1;
  }
  return at;
};

/** A longer name is none that is asked for. */
const MAX_NAME_CHARS = 64;

/** A name as it is meant, because `"\u0061"` is `a`; empty for a long one. */
const nameOf = (text: string, from: number, end: number): string => {
  const quoted = text.slice(from, Math.min(end, from + ESCAPE_CHARS * MAX_NAME_CHARS));
  const isWhole = quoted.length === end - from;
  return !isWhole ? '' : quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
};

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const OF_NUMBERS = new Uint8Array(128);
for (const character of '-+.eE0123456789') {
  OF_NUMBERS[character.charCodeAt(0)] = 1;
}
const WORDS = ['true', 'false', 'null'];
const NOT_NUMBERS = ['NaN', 'Infinity', '-Infinity'];
const BEGINS_NOT_NUMBER = new Set(NOT_NUMBERS.map((word) => word.charCodeAt(0)));

/** The place behind the NaN or Infinity that begins at `at`; `at` if none does. */
const afterNaN = (text: string, at: number, code: number): number => {
  const word = BEGINS_NOT_NUMBER.has(code)
    ? NOT_NUMBERS.find((each) => text.startsWith(each, at))
    : undefined;
  return at + (word?.length ?? 0);
};

/** The place behind the number or word that begins here. */
const afterScalar = (text: string, from: number, maxNumberChars: number): number => {
  let at = from;
  while (OF_NUMBERS[text.charCodeAt(at)] === 1) {
    at += 1;
    if (at - from > maxNumberChars) {
      throw new SyntaxError(`it has a number of more than ${maxNumberChars} characters`);
    }
  }
  if (at > from && NUMBER.test(text.slice(from, at))) {
    return at;
  }
  const word = WORDS.find((each) => text.startsWith(each, from));
  if (word === undefined) {
    throw unexpected(text, from);
  }
  return from + word.length;
};

const unexpected = (text: string, at: number): SyntaxError =>
  new SyntaxError(
    at >= text.length
      ? 'it is no JSON: it ends too early'
      : `it is no JSON: it has ${JSON.stringify(text.charAt(at))} as its character ${at + 1}`,
  );

/** Puts null into places of a text, in order. */
const rewrite = (text: string) => {
  const done: string[] = [];
  let pieces: string[] = [];
  let copied = 0;
  const keepUp = (): void => {
    if (pieces.length > 0) {
      done.push(pieces.join(''));
      pieces = [];
    }
  };
  return {
    putNull: (from: number, end: number): void => {
      pieces.push(text.slice(copied, from), 'null');
      copied = end;
    },
    /** Joins the pieces so far, so that there are never millions of them. */
    keepUp,
    whole: (): string => {
      keepUp();
      return copied === 0 ? text : done.join('') + text.slice(copied);
    },
  };
};
