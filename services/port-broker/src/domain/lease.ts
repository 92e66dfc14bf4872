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
  /** The hash of the request. It reveals that somebody uses the same id for another request. */
  requestHash: string;
  ttlMs: number;
  /** Wall clock, for people. */
  grantedAtMs: number;
  /** Wall clock, for people. The time that decides is monotonic, see `Held`. */
  expiresAtMs: number;
  /**
   * The session whose programs use the port; the lease lives as long. Empty: the lease expires, or its owner ends it.
   */
  session: string;
  end?: { atMs: number; reason: EndReason };
}

export interface Held {
  lease: Lease;
  /** When a live lease expires, or an ended one is forgotten; monotonic milliseconds. */
  dueAt: number;
}

/** The state of a port of a pool. */
export type PortState =
  | { kind: 'free' }
  | { kind: 'leased'; lease: string }
  /**
   * Another program of this host has it. The broker checks it again at `checkAt` (monotonic milliseconds), ever more
   * rarely.
   */
  | { kind: 'foreign'; checkAt: number; backoffMs: number }
  /** It is not proved that nothing of ours is left there. */
  | { kind: 'quarantined'; cleanSightings: number };

export interface Port {
  port: number;
  pool: string;
  /** The token of its latest lease, which only grows; 0 before the first. */
  token: number;
  /** The order in which ports were leased: a greater number is a later lease. */
  used: number;
  state: PortState;
}
