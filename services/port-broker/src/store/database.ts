import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ports (port INTEGER PRIMARY KEY, token INTEGER, used INTEGER, quarantined INTEGER);
CREATE TABLE IF NOT EXISTS leases (
  id TEXT PRIMARY KEY, pool TEXT, port INTEGER, token INTEGER, owner TEXT, holder TEXT, request_id TEXT, request_hash TEXT,
  ttl_ms INTEGER, granted_at INTEGER, expires_at INTEGER, ended_at INTEGER, end_reason TEXT, session TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, document TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS processes (
  nonce TEXT PRIMARY KEY, session TEXT, role TEXT, pid INTEGER, start_ticks TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commands (
  session TEXT, number INTEGER, name TEXT, started_at INTEGER, took_ms REAL, outcome TEXT, error TEXT, resident_bytes INTEGER,
  PRIMARY KEY (session, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS metrics (
  session TEXT, at INTEGER, resident_bytes INTEGER, cpu_ms INTEGER, PRIMARY KEY (session, at)
) WITHOUT ROWID;`;

const BUSY = 5;

/**
 * Opens the database in a folder, for this process alone. SQLite's log undoes a torn last write. Throws
 * FolderInUseError. Throws SQLite's error for a damaged file, because the broker must not lease ports whose leases it
 * cannot read.
 */
export const openDatabase = (dir: string): DatabaseSync => {
  const db = new DatabaseSync(join(dir, 'leases.db'));
  try {
    // The lock is held until this process ends, however it ends.
    db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
    );
    db.exec(SCHEMA);
    db.exec('BEGIN IMMEDIATE; COMMIT');
    return db;
  } catch (thrown) {
    db.close();
    if ((thrown as { errcode?: unknown }).errcode !== BUSY) {
      throw thrown;
    }
    const message = `another broker works in ${dir}; end that one, or give this one a folder of its own (MUSTER_PORT_DATA)`;
    throw new FolderInUseError(message, { cause: thrown });
  }
};

/** Makes all writes of one turn of the event loop durable in one transaction. Rejects if the disk refuses it. */
export type Writer = (write: () => void) => Promise<void>;

/** Callers share a transaction, because each one blocks the whole process until the disk has it. */
export const createWriter = (db: DatabaseSync): Writer => {
  let waiting: { writes: (() => void)[]; durable: PromiseWithResolvers<void> } | undefined;
  const flush = ({ writes, durable }: NonNullable<typeof waiting>): void => {
    waiting = undefined;
    try {
      inTransaction(db, () => {
        for (const write of writes) {
          write();
        }
      });
      durable.resolve();
    } catch (thrown) {
      durable.reject(thrown);
    }
  };
  return (write) => {
    if (waiting === undefined) {
      const next = { writes: [], durable: Promise.withResolvers<void>() };
      waiting = next;
      setImmediate(() => flush(next));
    }
    waiting.writes.push(write);
    return waiting.durable.promise;
  };
};

export const inTransaction = (db: DatabaseSync, write: () => void): void => {
  db.exec('BEGIN IMMEDIATE');
  try {
    write();
    db.exec('COMMIT');
  } catch (thrown) {
    if (db.isTransaction) {
      db.exec('ROLLBACK');
    }
    throw thrown;
  }
};
