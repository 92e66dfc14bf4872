import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { inTransaction } from './database.ts';

export type CommandOutcome = 'running' | 'answered' | 'late' | 'unknown';

/** A command that a worker was given. */
export interface CommandRecord {
  /** From 1 on, for each session. */
  number: number;
  name: string;
  /** Wall clock. */
  startedAtMs: number;
  tookMs: number | undefined;
  outcome: CommandOutcome;
  /** undefined: the worker said that it succeeded, or has said nothing. */
  error: string | undefined;
  residentBytes: number;
}

/** What a worker used at a moment (wall clock). */
export interface MetricsRecord {
  atMs: number;
  residentBytes: number;
  cpuMs: number;
}

/** The commands and metrics of compute sessions. Synchronous: a write is durable when it returns. Throws if the disk refuses it. */
export interface ComputeStore {
  putCommand(session: string, record: CommandRecord): void;
  /** The latest first: at most `count`, with numbers under `below`. */
  commands(
    session: string,
    below: number,
    count: number,
    without: string | undefined,
  ): CommandRecord[];
  lastNumber(session: string): number;
  /** Marks commands as unknown that were running when the last process ended. */
  loseRunning(session: string): void;
  putMetrics(all: readonly { session: string; metrics: MetricsRecord }[]): void;
  /** The latest first: at most `count`, from before `before`. */
  metrics(session: string, before: number, count: number): MetricsRecord[];
  drop(sessions: Iterable<string>): void;
}

const MOST_COMMANDS = 10_000;
const METRICS_MS = 86_400_000;

export const createComputeStore = (db: DatabaseSync): ComputeStore => {
  const putCommand = db.prepare('INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const dropCommands = db.prepare('DELETE FROM commands WHERE session = ? AND number <= ?');
  const putMetrics = db.prepare('INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)');
  const dropMetrics = db.prepare('DELETE FROM metrics WHERE session = ? AND at < ?');
  const listCommands = db.prepare(
    'SELECT * FROM commands WHERE session = ? AND number < ? AND name != ? ORDER BY number DESC LIMIT ?',
  );
  const listMetrics = db.prepare(
    'SELECT * FROM metrics WHERE session = ? AND at < ? ORDER BY at DESC LIMIT ?',
  );
  return {
    putCommand: (session, { number, name, startedAtMs, tookMs, outcome, error, residentBytes }) => {
      putCommand.run(
        session,
        number,
        name,
        startedAtMs,
        tookMs ?? null,
        outcome,
        error ?? null,
        residentBytes,
      );
      if (number % 1_000 === 0) {
        dropCommands.run(session, number - MOST_COMMANDS);
      }
    },
    commands: (session, below, count, without) =>
      listCommands.all(session, below, without ?? '', count).map(commandOf),
    lastNumber: (session) =>
      Number(
        db.prepare('SELECT max(number) AS last FROM commands WHERE session = ?').get(session)?.[
          'last'
        ] ?? 0,
      ),
    loseRunning: (session) =>
      void db
        .prepare(
          `UPDATE commands SET outcome = 'unknown', error = ? WHERE session = ? AND outcome = 'running'`,
        )
        .run('the broker was started again meanwhile', session),
    putMetrics: (all) =>
      inTransaction(db, () => {
        for (const { session, metrics } of all) {
          putMetrics.run(session, metrics.atMs, metrics.residentBytes, metrics.cpuMs);
          dropMetrics.run(session, metrics.atMs - METRICS_MS);
        }
      }),
    metrics: (session, before, count) =>
      listMetrics.all(session, before, count).map((row) => ({
        atMs: Number(row['at']),
        residentBytes: Number(row['resident_bytes']),
        cpuMs: Number(row['cpu_ms']),
      })),
    drop: (sessions) =>
      inTransaction(db, () => {
        for (const session of sessions) {
          dropCommands.run(session, Number.MAX_SAFE_INTEGER);
          dropMetrics.run(session, Number.MAX_SAFE_INTEGER);
        }
      }),
  };
};

const commandOf = (row: Record<string, SQLOutputValue>): CommandRecord => ({
  number: Number(row['number']),
  name: String(row['name']),
  startedAtMs: Number(row['started_at']),
  tookMs: row['took_ms'] === null ? undefined : Number(row['took_ms']),
  outcome: row['outcome'] as CommandOutcome,
  error: row['error'] === null ? undefined : String(row['error']),
  residentBytes: Number(row['resident_bytes']),
});
