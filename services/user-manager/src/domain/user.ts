import type { Capability } from '#libs/contracts/agent.ts';

/** Whether a user is being taken out of service: not, after its current task, or at once. */
export type Drain = 'none' | 'after-task' | 'now';

/**
 * A compute user: somebody's machine with an agent that is connected, or was. The record outlives its streams, because
 * `claim` and `version` only ever grow.
 */
export interface UserRecord {
  /** The machine's id. */
  id: string;
  name: string;
  /** The instance of user-manager that holds, or last held, its stream. */
  manager: string;
  /** The id of its stream; null while there is none. */
  connection: string | null;
  /** The workload that it serves, or served when its stream was lost. */
  session: string | null;
  /** Grows with each claim, and when a new stream takes a claim over. */
  claim: number;
  /** Grows with each change of the record. */
  version: number;
  slots: number;
  capability: Capability;
  agentVersion: string;
  connectedAtMs: number;
  drain: Drain;
  /** Whose machine it is; empty if nobody said. */
  owner: string;
  /** Its good looks when it connected; see `Machine.good_looks`. */
  goodLooks: number;
}

export type ConnectedUser = UserRecord & { connection: string };

/** Whether its stream is open. */
export const isConnected = (user: UserRecord): user is ConnectedUser => user.connection !== null;
