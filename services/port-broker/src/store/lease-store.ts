import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { Kept } from '../domain/lease-table.ts';
import type { Draft } from '../domain/draft.ts';
import { inTransaction } from './database.ts';
import type { EndReason, Lease } from '../domain/lease.ts';

/** What the broker knows of its host, kept over its own end. Synchronous: a write is durable when it returns. */
export interface LeaseStore {
  load(): Kept & { bootId: string };
  /** Writes all of it or nothing. Throws if the disk refuses it. */
  write(decisions: readonly Pick<Draft, 'leases' | 'ports' | 'forgotten'>[]): void;
  /** Records in which boot of the host all of this is true. */
  setBootId(bootId: string): void;
}

export const createLeaseStore = (db: DatabaseSync): LeaseStore => {
  const putPort = db.prepare('INSERT OR REPLACE INTO ports VALUES (?, ?, ?, ?)');
  const putLease = db.prepare(
    'INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const dropLease = db.prepare('DELETE FROM leases WHERE id = ?');
  const putMeta = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');

  const writeOne = ({
    leases,
    ports,
    forgotten,
  }: Pick<Draft, 'leases' | 'ports' | 'forgotten'>): void => {
    for (const { port, token, used, state } of ports.values()) {
      putPort.run(port, token, used, state.kind === 'quarantined' ? 1 : 0);
    }
    for (const lease of leases.values()) {
      const {
        id,
        pool,
        port,
        token,
        owner,
        holder,
        requestId,
        requestHash,
        ttlMs,
        grantedAtMs,
        expiresAtMs,
      } = lease;
      const ended = [lease.end?.atMs ?? null, lease.end?.reason ?? null] as const;
      const about = [
        owner,
        holder,
        requestId,
        requestHash,
        ttlMs,
        grantedAtMs,
        expiresAtMs,
      ] as const;
      putLease.run(id, pool, port, token, ...about, ...ended, lease.session);
    }
    for (const id of forgotten) {
      dropLease.run(id);
    }
  };

  return {
    load: () => ({
      bootId: String(
        db.prepare("SELECT value FROM meta WHERE key = 'boot_id'").get()?.['value'] ?? '',
      ),
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
    write: (decisions) =>
      inTransaction(db, () => {
        for (const decision of decisions) {
          writeOne(decision);
        }
      }),
    setBootId: (bootId) => void putMeta.run('boot_id', bootId),
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
  session: String(row['session']),
  ...(row['ended_at'] === null
    ? {}
    : { end: { atMs: Number(row['ended_at']), reason: row['end_reason'] as EndReason } }),
});
