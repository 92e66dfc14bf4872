import type { DatabaseSync } from 'node:sqlite';
import type { Kept } from '../domain/lease-table.ts';
import type { Draft } from '../domain/draft.ts';
import { inTransaction } from './database.ts';
import type { Lease } from '../domain/lease.ts';

type Decision = Pick<Draft, 'leases' | 'ports' | 'forgotten'>;

/** Ports and leases, which outlive the broker. A write is durable when it returns. */
export interface LeaseStore {
  load(): Kept & { bootId: string };
  /** Writes all changes or none. Throws if the disk refuses them. */
  write(decisions: readonly Decision[]): void;
  /** Records the boot of the host to which the ports and leases belong. */
  setBootId(bootId: string): void;
}

const COLUMNS = `id, pool, port, token, owner, holder, request_id AS requestId, request_hash AS requestHash, ttl_ms AS ttlMs,
  granted_at AS grantedAtMs, expires_at AS expiresAtMs, ended_at AS atMs, end_reason AS reason, session`;

export const createLeaseStore = (db: DatabaseSync): LeaseStore => {
  const putPort = db.prepare('INSERT OR REPLACE INTO ports VALUES (?, ?, ?, ?)');
  const putLease = db.prepare(
    `INSERT OR REPLACE INTO leases VALUES (:id, :pool, :port, :token, :owner, :holder, :requestId, :requestHash, :ttlMs,
      :grantedAtMs, :expiresAtMs, :atMs, :reason, :session)`,
  );
  const dropLease = db.prepare('DELETE FROM leases WHERE id = ?');
  const putMeta = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');

  const writeOne = ({ leases, ports, forgotten }: Decision): void => {
    for (const { port, token, used, state } of ports.values()) {
      putPort.run(port, token, used, state.kind === 'quarantined' ? 1 : 0);
    }
    for (const { end, ...lease } of leases.values()) {
      putLease.run({ ...lease, atMs: end?.atMs ?? null, reason: end?.reason ?? null });
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
      leases: db.prepare(`SELECT ${COLUMNS} FROM leases`).all().map(leaseOf),
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

const leaseOf = ({ atMs, reason, ...lease }: Record<string, unknown>): Lease =>
  ({ ...lease, ...(atMs === null ? {} : { end: { atMs, reason } }) }) as Lease;
