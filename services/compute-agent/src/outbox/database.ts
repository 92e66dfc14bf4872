import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Logger } from '#libs/telemetry/index.ts';

/** One change: a record to keep, or one to forget if there are no bytes. */
export interface Change {
  machine: string;
  key: string;
  bytes: Uint8Array | undefined;
}

export type Database = ReturnType<typeof openDatabase>;

/** Another process has it open. */
export class OutboxInUseError extends Error {
  override readonly name = 'OutboxInUseError';
}

const FILE = 'outbox.db';
const ERRORS = { busy: 5, corrupt: 11, notADatabase: 26 } as const;

const codeOf = (thrown: unknown): unknown => (thrown as { errcode?: unknown } | undefined)?.errcode;

const open = (dir: string): DatabaseSync => {
  const db = new DatabaseSync(join(dir, FILE));
  try {
    // The lock lasts until this process ends, in whatever way, because nobody else may work in this folder.
    db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
    );
    db.exec(
      'CREATE TABLE IF NOT EXISTS kept (machine TEXT, key TEXT, bytes BLOB, PRIMARY KEY (machine, key)) WITHOUT ROWID',
    );
    db.exec('CREATE TABLE IF NOT EXISTS installation (id TEXT NOT NULL, streams INTEGER NOT NULL)');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    db.prepare('PRAGMA quick_check').all();
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
};

/**
 * Opens the records of machines, by key, in a folder. It puts a damaged database aside and begins with an empty one: the
 * results in it are lost, and the mesh has them made again. Throws OutboxInUseError.
 */
export const openDatabase = (dir: string, log: Logger) => {
  let db: DatabaseSync;
  try {
    db = open(dir);
  } catch (thrown) {
    if (codeOf(thrown) === ERRORS.busy) {
      const message = `another agent works in ${dir}; end that one, or give this one a machine and a folder (MUSTER_AGENT_OUTBOX) of its own`;
      throw new OutboxInUseError(message, { cause: thrown });
    }
    if (codeOf(thrown) !== ERRORS.corrupt && codeOf(thrown) !== ERRORS.notADatabase) {
      throw thrown;
    }
    const aside = join(dir, `${FILE}.damaged`);
    log.error(
      { err: thrown, aside },
      'the records of finished work are damaged and were put aside; that work is done again',
    );
    renameSync(join(dir, FILE), aside);
    for (const more of ['-wal', '-shm']) {
      rmSync(join(dir, `${FILE}${more}`), { force: true });
    }
    db = open(dir);
  }
  const keep = db.prepare('INSERT OR REPLACE INTO kept (machine, key, bytes) VALUES (?, ?, ?)');
  const install = db.prepare(
    'INSERT INTO installation SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM installation)',
  );
  const count = db.prepare('UPDATE installation SET streams = streams + 1 RETURNING id, streams');
  const forget = db.prepare('DELETE FROM kept WHERE machine = ? AND key = ?');
  return {
    load: (): (Change & { bytes: Uint8Array })[] =>
      db
        .prepare('SELECT machine, key, bytes FROM kept')
        .all()
        .map(({ machine, key, bytes }) => ({
          machine: String(machine),
          key: String(key),
          bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
        })),
    /** Writes all changes or none, durably. Throws if the disk refuses the write. */
    write(changes: readonly Change[]): void {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const { machine, key, bytes } of changes) {
          if (bytes === undefined) {
            forget.run(machine, key);
          } else {
            keep.run(machine, key, bytes);
          }
        }
        db.exec('COMMIT');
      } catch (thrown) {
        if (db.isTransaction) {
          db.exec('ROLLBACK');
        }
        throw thrown;
      }
    },
    /** Numbers a stream, durably. `id` names this database, if it has no name yet. Throws if the disk refuses the write. */
    nextStream: (id: string): { installation: string; ordinal: number } => {
      install.run(id);
      const row = count.get();
      return { installation: String(row?.['id']), ordinal: Number(row?.['streams']) };
    },
    close: (): void => db.close(),
  };
};
