import { status } from '@grpc/grpc-js';
import type { DomainError } from '#libs/errors/index.ts';
import type { Cli } from './cli.ts';
import { printable } from './formats.ts';
import { formatTable, type Column } from './table.ts';

/** What a command says, to people or to programs. */
export interface Output {
  readonly isJson: boolean;
  /** Standard output is a terminal and the reader a person: bars may be drawn over. */
  readonly isLive: boolean;
  readonly columns: number;
  /** The one document or one of the events of `--json`, as a line. Nothing for people. */
  json(value: unknown): void;
  /** Lines for people on standard output. Nothing with `--json`. */
  text(text: string): void;
  /** Text as it is, without a line end added; for bars. Nothing with `--json`. */
  raw(text: string): void;
  /** A table for people, `none` without rows. Nothing with `--json`. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** A message on standard error, in both forms. */
  note(text: string): void;
}

export const createOutput = (cli: Pick<Cli, 'stdout' | 'stderr'>, isJson: boolean): Output => ({
  isJson,
  isLive: !isJson && cli.stdout.isTTY === true,
  columns: cli.stdout.columns || 80,
  json(value) {
    if (isJson) cli.stdout.write(`${JSON.stringify(value)}\n`);
  },
  text(text) {
    if (!isJson) cli.stdout.write(`${text}\n`);
  },
  raw(text) {
    if (!isJson) cli.stdout.write(text);
  },
  table(columns, rows) {
    if (isJson) return;
    const cells = rows.map((row) => row.map(printable));
    cli.stdout.write(rows.length === 0 ? 'none\n' : formatTable(columns, cells));
  },
  note(text) {
    cli.stderr.write(`muster: ${text}\n`);
  },
});

/** An error as the line that standard error gets: with `--json` as JSON, else for people. */
export const errorLine = (error: Pick<DomainError, 'code' | 'reason' | 'message'>, isJson: boolean): string =>
  isJson
    ? JSON.stringify({ error: { code: status[error.code], reason: error.reason, message: error.message } })
    : `muster: ${error.message}${error.reason === 'USAGE' ? '' : ` (${status[error.code]}, ${error.reason})`}`;
