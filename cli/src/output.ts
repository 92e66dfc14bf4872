import type { Cli } from './cli.ts';
import type { GeneratedMethod } from './descriptors.ts';
import { printable } from './formats.ts';

/** A column of a table: its heading, the cell of an item, and `right` for numbers. */
export type Column<T> = readonly [
  title: string,
  cell: (item: T) => string | number,
  align?: 'right',
];

/** A line, or several. A line end within one is shown as an escape, as all that `printable` escapes. */
export type Lines = string | readonly string[];

export const printableLines = (text: Lines): string =>
  (typeof text === 'string' ? [text] : text).map(printable).join('\n');

/** What a command says, to people or to programs. People's text goes through `printable`, whoever wrote it. */
export interface Output {
  readonly isJson: boolean;
  /** Standard output is a terminal and the reader a person, so a bar may be redrawn. */
  readonly isLive: boolean;
  readonly columns: number;
  /** The one document or one of the events of `--json`, as a line. Nothing for people. */
  json(value: unknown): void;
  /** What an rpc answered: `text` for people; for programs its proto3 JSON, as the document or as an `event`. */
  answer<Response>(
    method: GeneratedMethod<Response>,
    response: Response,
    text?: Lines,
    event?: string,
  ): Promise<void>;
  /** Lines for people on standard output. Nothing with `--json`. */
  text(text: Lines): void;
  /** Text as it is, without a line end added; for bars, whose parts were made printable. Nothing with `--json`. */
  raw(text: string): void;
  /** A table of the items that there are, for people, `none` without any. Nothing with `--json`. */
  table<T>(items: readonly (T | undefined)[], columns: readonly Column<T>[]): void;
  /** A message on standard error, in both forms. */
  note(text: Lines): void;
}

export const createOutput = (cli: Pick<Cli, 'stdout' | 'stderr'>, isJson: boolean): Output => {
  const json = (value: unknown): void => {
    if (isJson) {
      cli.stdout.write(`${JSON.stringify(value)}\n`);
    }
  };
  const raw = (text: string): void => {
    if (!isJson) {
      cli.stdout.write(text);
    }
  };
  return {
    isJson,
    isLive: !isJson && cli.stdout.isTTY === true,
    columns: cli.stdout.columns || 80,
    json,
    async answer(method, response, text, event) {
      if (isJson) {
        // The descriptors of every rpc, which only --json needs.
        const { responseJson } = await import('./descriptors.ts');
        const document = responseJson(method, response);
        json(event === undefined ? document : { event, ...(document as object) });
      } else if (text !== undefined) {
        raw(`${printableLines(text)}\n`);
      }
    },
    text: (text) => raw(`${printableLines(text)}\n`),
    raw,
    table(items, columns) {
      const rows = items
        .filter((item) => item !== undefined)
        .map((item) => columns.map(([, cell]) => printable(String(cell(item)))));
      raw(rows.length === 0 ? 'none\n' : formatTable(columns, rows));
    },
    note(text) {
      cli.stderr.write(`muster: ${printableLines(text)}\n`);
    },
  };
};

/** Rows as aligned text, two spaces between columns, no trailing blanks. */
export const formatTable = (
  columns: readonly (readonly [title: string, cell: unknown, align?: 'right'])[],
  rows: readonly (readonly string[])[],
): string => {
  const all = [columns.map(([title]) => title), ...rows];
  const widths = columns.map((_, i) =>
    all.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), 0),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(([, , align], i) => {
        const [cell = '', width = 0] = [cells[i], widths[i]];
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return all.map((cells) => `${line(cells)}\n`).join('');
};
