export type EndReason = 'released' | 'expired' | 'rebooted';

/** A port held until a time. */
export interface Lease {
  id: string;
  pool: string;
  port: number;
  /** Greater than that of every earlier lease of the port. */
  token: number;
  owner: string;
  holder: string;
  /** Empty: none. */
  requestId: string;
  /** Of what was asked for, so that the same id with another request is noticed. */
  requestHash: string;
  ttlMs: number;
  /** Wall clock, for people. */
  grantedAtMs: number;
  /** Wall clock, for people: what decides is monotonic, see `Held`. */
  expiresAtMs: number;
  /** The session whose programs use the port: as long as it lives, the lease does. Empty: it ends by time, or by its owner. */
  session: string;
  end?: { atMs: number; reason: EndReason };
}

export interface Held {
  lease: Lease;
  /** When it expires, or when an ended one is forgotten, monotonic milliseconds. */
  dueAt: number;
}

/** What a port of a pool is. */
export type PortState =
  | { kind: 'free' }
  | { kind: 'leased'; lease: string }
  /** Somebody else on this host has it; looked at again at `checkAt`, monotonic milliseconds, ever more rarely. */
  | { kind: 'foreign'; checkAt: number; backoffMs: number }
  /** It is not proved that nothing of ours is left there. */
  | { kind: 'quarantined'; cleanSightings: number };

export interface Port {
  port: number;
  pool: string;
  /** Of its latest lease; 0 before the first. Grows for ever. */
  token: number;
  /** Greater for the one that was leased later. */
  used: number;
  state: PortState;
}
