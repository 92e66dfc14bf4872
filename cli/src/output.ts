import type { Cli } from './cli.ts';
import type { GeneratedMethod } from './descriptors.ts';
import { printable } from './formats.ts';
import { formatTable, type Heading } from './table.ts';

/** A column of a table: its heading, the cell of an item, and `right` for numbers. */
export type Column<T> = readonly [
  title: string,
  cell: (item: T) => string | number,
  align?: 'right',
];

/** What a command says, to people or to programs. */
export interface Output {
  readonly isJson: boolean;
  /** Standard output is a terminal and the reader a person, so a bar may be redrawn. */
  readonly isLive: boolean;
  readonly columns: number;
  /** The one document or one of the events of `--json`, as a line. Nothing for people. */
  json(value: unknown): void;
  /** The proto3 JSON of an rpc's answer as the document of `--json`; with `event`, as that event. Nothing for people. */
  answer<Response>(
    method: GeneratedMethod<Response>,
    response: Response,
    event?: string,
  ): Promise<void>;
  /** Lines for people on standard output. Nothing with `--json`. */
  text(text: string): void;
  /** Text as it is, without a line end added; for bars. Nothing with `--json`. */
  raw(text: string): void;
  /** A table for people, `none` without items. Nothing with `--json`. */
  table<T>(items: readonly T[], columns: readonly Column<T>[]): void;
  /** A message on standard error, in both forms. */
  note(text: string): void;
}

export const createOutput = (cli: Pick<Cli, 'stdout' | 'stderr'>, isJson: boolean): Output => {
  const json = (value: unknown): void => {
    if (isJson) {
      cli.stdout.write(`${JSON.stringify(value)}\n`);
    }
  };
  return {
    isJson,
    isLive: !isJson && cli.stdout.isTTY === true,
    columns: cli.stdout.columns || 80,
    json,
    async answer(method, response, event) {
      if (!isJson) {
        return;
      }
      // The descriptors of every rpc, which only --json needs.
      const { responseJson } = await import('./descriptors.ts');
      const document = responseJson(method, response);
      json(event === undefined ? document : { event, ...(document as object) });
    },
    text(text) {
      if (!isJson) {
        cli.stdout.write(`${text}\n`);
      }
    },
    raw(text) {
      if (!isJson) {
        cli.stdout.write(text);
      }
    },
    table(items, columns) {
      if (isJson) {
        return;
      }
      const rows = items.map((item) => columns.map(([, cell]) => printable(String(cell(item)))));
      cli.stdout.write(rows.length === 0 ? 'none\n' : formatTable(columns.map(toHeading), rows));
    },
    note(text) {
      cli.stderr.write(`muster: ${text}\n`);
    },
  };
};

const toHeading = ([title, , align]: readonly [string, unknown, 'right'?]): Heading =>
  align === undefined ? { title } : { title, align };
