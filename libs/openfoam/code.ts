import { tokensOf } from './dictionary.ts';

/** Something in a dictionary that is compiled and run. */
export interface CodeFound {
  /** As it is written: `#calc`, `codedFixedValue`. */
  what: string;
  line: number;
}

const DIRECTIVES = ['#calc', '#codeStream'];

/** `#eval` of www.openfoam.com is no code: it is not compiled. */
const isDirective = (word: string): boolean => DIRECTIVES.some((each) => word.startsWith(each));

/** `coded`, `codedFixedValue`, `codedSource`, …: types of boundaries, sources and function objects. */
const CODED = /^coded(?:$|[A-Z])\w{0,64}$/;

/** The first code in a dictionary; undefined if there is none. Comments and strings are none. */
export const codeIn = (text: string): CodeFound | undefined => {
  if (!text.includes('#c') && !text.includes('coded')) {
    return undefined;
  }
  let before = '';
  for (const { text: word, line, kind } of tokensOf(text)) {
    if (kind === 'word' && (isDirective(word) || (before === 'type' && CODED.test(word)))) {
      return { what: word.slice(0, 64), line };
    }
    if (kind === 'code' && before.startsWith('code')) {
      return { what: before, line };
    }
    before = kind === 'word' ? word : '';
  }
  return undefined;
};

/** What a program says when it meets code: `Using #calc at line 35 in file "…/system/blockMeshDict"`. */
const USING = /Using (#\w{1,32}) (?:at line (\d{1,9}) )?in file "?([^"\s]{1,1000})/;

/** What a log says about code that was met. `file` is as the program sees it. */
export const codeMet = (
  log: string,
): { what: string; line: number | undefined; file: string } | undefined => {
  const [, what, line, file] = USING.exec(log) ?? [];
  return what === undefined || file === undefined
    ? undefined
    : { what, line: line === undefined ? undefined : Number(line), file };
};
