import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { Kept } from '../domain/book.ts';
import type { Draft } from '../domain/draft.ts';
import type { EndReason, Lease } from '../domain/lease.ts';

/** What the broker knows of its host over its own end. Synchronous: what returned is durable. */
export interface LeaseStore {
  load(): Kept & { bootId: string };
  /** All of it or nothing, in one write. Throws while the disk takes nothing. */
  write(decisions: readonly Pick<Draft, 'leases' | 'ports' | 'forgotten'>[]): void;
  /** The host's boot from which on all of this is. */
  setBootId(bootId: string): void;
  close(): void;
}

/** Another broker works in the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ports (port INTEGER PRIMARY KEY, token INTEGER, used INTEGER, quarantined INTEGER);
CREATE TABLE IF NOT EXISTS leases (
  id TEXT PRIMARY KEY, pool TEXT, port INTEGER, token INTEGER, owner TEXT, holder TEXT, request_id TEXT, request_hash TEXT,
  ttl_ms INTEGER, granted_at INTEGER, expires_at INTEGER, ended_at INTEGER, end_reason TEXT
) WITHOUT ROWID;`;

const BUSY = 5;

/**
 * Opens the leases in a folder, for this process alone. A torn last write is undone by SQLite's log. Throws FolderInUseError, and
 * what SQLite says of a damaged file: leases that cannot be read must not be given to somebody else.
 */
export const openLeaseStore = (dir: string): LeaseStore => {
  const db = new DatabaseSync(join(dir, 'leases.db'));
  try {
    // The lock is held until this process ends, however it ends.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    db.exec(SCHEMA);
    db.exec('BEGIN IMMEDIATE; COMMIT');
  } catch (thrown) {
    db.close();
    if ((thrown as { errcode?: unknown }).errcode !== BUSY) throw thrown;
    const message = `another broker works in ${dir}; end that one, or give this one a folder of its own (MUSTER_PORT_DATA)`;
    throw new FolderInUseError(message, { cause: thrown });
  }
  const putPort = db.prepare('INSERT OR REPLACE INTO ports VALUES (?, ?, ?, ?)');
  const putLease = db.prepare('INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const dropLease = db.prepare('DELETE FROM leases WHERE id = ?');
  const putMeta = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');

  const writeOne = ({ leases, ports, forgotten }: Pick<Draft, 'leases' | 'ports' | 'forgotten'>): void => {
    for (const { port, token, used, state } of ports.values()) {
      putPort.run(port, token, used, state.kind === 'quarantined' ? 1 : 0);
    }
    for (const lease of leases.values()) {
      const { id, pool, port, token, owner, holder, requestId, requestHash, ttlMs, grantedAtMs, expiresAtMs } = lease;
      const ended = [lease.end?.atMs ?? null, lease.end?.reason ?? null] as const;
      const about = [owner, holder, requestId, requestHash, ttlMs, grantedAtMs, expiresAtMs] as const;
      putLease.run(id, pool, port, token, ...about, ...ended);
    }
    for (const id of forgotten) dropLease.run(id);
  };

  return {
    load: () => ({
      bootId: String(db.prepare("SELECT value FROM meta WHERE key = 'boot_id'").get()?.['value'] ?? ''),
      ports: db
        .prepare('SELECT * FROM ports')
        .all()
        .map(({ port, token, used, quarantined }) => ({
          port: Number(port),
          token: Number(token),
          used: Number(used),
          isQuarantined: quarantined === 1,
        })),
      leases: db.prepare('SELECT * FROM leases').all().map(leaseOf),
    }),
    write: (decisions) => {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const decision of decisions) writeOne(decision);
        db.exec('COMMIT');
      } catch (thrown) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw thrown;
      }
    },
    setBootId: (bootId) => void putMeta.run('boot_id', bootId),
    close: () => db.close(),
  };
};

const leaseOf = (row: Record<string, SQLOutputValue>): Lease => ({
  id: String(row['id']),
  pool: String(row['pool']),
  port: Number(row['port']),
  token: Number(row['token']),
  owner: String(row['owner']),
  holder: String(row['holder']),
  requestId: String(row['request_id']),
  requestHash: String(row['request_hash']),
  ttlMs: Number(row['ttl_ms']),
  grantedAtMs: Number(row['granted_at']),
  expiresAtMs: Number(row['expires_at']),
  ...(row['ended_at'] === null
    ? {}
    : { end: { atMs: Number(row['ended_at']), reason: row['end_reason'] as EndReason } }),
});
