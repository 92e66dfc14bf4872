import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';

/** A command that was sent to a compute worker. */
export interface CommandRecord {
  /** Counts from 1 in each session. */
  number: number;
  name: string;
  /** Wall clock. */
  startedAtMs: number;
  tookMs: number | undefined;
  outcome: 'running' | 'answered' | 'late' | 'unknown';
  /** undefined: it succeeded, or the worker has not answered. */
  error: string | undefined;
  memoryBytes: number;
}

/** What a compute worker used at a moment (wall clock). */
export interface MetricsRecord {
  atMs: number;
  memoryBytes: number;
  cpuMs: number;
}

const MAX_COMMANDS = 10_000;
const METRICS_MS = 86_400_000;

/**
 * The commands and metrics of compute sessions. A write is durable when it returns. It throws if the disk refuses it.
 */
export const createComputeStore = (db: DatabaseSync) => {
  const putCommand = db.prepare(
    `INSERT OR REPLACE INTO commands VALUES (:session, :number, :name, :startedAtMs, :tookMs, :outcome, :error, :memoryBytes)`,
  );
  const dropCommands = db.prepare('DELETE FROM commands WHERE session = ? AND number <= ?');
  const putMetrics = db.prepare('INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)');
  const dropMetrics = db.prepare('DELETE FROM metrics WHERE session = ? AND at < ?');
  const listCommands = db.prepare(
    `SELECT number, name, started_at AS startedAtMs, took_ms AS tookMs, outcome, error, resident_bytes AS memoryBytes
      FROM commands WHERE session = ? AND number < ? AND name != ? ORDER BY number DESC LIMIT ?`,
  );
  const lastNumber = db.prepare('SELECT max(number) AS last FROM commands WHERE session = ?');
  const loseRunning = db.prepare(
    `UPDATE commands SET outcome = 'unknown', error = ? WHERE session = ? AND outcome = 'running'`,
  );
  const listMetrics = db.prepare(
    `SELECT at AS atMs, resident_bytes AS memoryBytes, cpu_ms AS cpuMs
      FROM metrics WHERE session = ? AND at < ? ORDER BY at DESC LIMIT ?`,
  );
  return {
    putCommand: (session: string, record: CommandRecord): void => {
      const { tookMs = null, error = null } = record;
      putCommand.run({ ...record, session, tookMs, error });
      if (record.number % 1_000 === 0) {
        dropCommands.run(session, record.number - MAX_COMMANDS);
      }
    },
    /** The latest first: at most `count`, with numbers under `below`. */
    commands: (session: string, below: number, count: number, without = ''): CommandRecord[] =>
      listCommands.all(session, below, without, count).map(commandOf),
    lastNumber: (session: string): number => Number(lastNumber.get(session)?.['last'] ?? 0),
    /** Marks as unknown the commands that were running when the last process ended. */
    loseRunning: (session: string): void =>
      void loseRunning.run('the broker was started again meanwhile', session),
    putMetrics: (all: readonly { session: string; metrics: MetricsRecord }[]): void =>
      inTransaction(db, () => {
        for (const { session, metrics } of all) {
          putMetrics.run(session, metrics.atMs, metrics.memoryBytes, metrics.cpuMs);
          dropMetrics.run(session, metrics.atMs - METRICS_MS);
        }
      }),
    /** The latest first: at most `count`, from before `before`. */
    metrics: (session: string, before: number, count: number): MetricsRecord[] =>
      listMetrics.all(session, before, count) as unknown as MetricsRecord[],
    drop: (sessions: Iterable<string>): void =>
      inTransaction(db, () => {
        for (const session of sessions) {
          dropCommands.run(session, Number.MAX_SAFE_INTEGER);
          dropMetrics.run(session, Number.MAX_SAFE_INTEGER);
        }
      }),
  };
};

export type ComputeStore = ReturnType<typeof createComputeStore>;

const commandOf = ({ tookMs, error, ...row }: Record<string, unknown>): CommandRecord =>
  ({ ...row, tookMs: tookMs ?? undefined, error: error ?? undefined }) as CommandRecord;
