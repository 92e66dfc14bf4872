import type { Assigned } from '../scheduling/workers.ts';
import type { RequestMark } from '../state/entries.ts';
import type { FailureClass } from '../state/failure-class.ts';

/** What a user reported of one attempt. */
export interface Report {
  /** 0 for `started`. */
  reportId: number;
  task: string;
  generation: number;
  attempt: string;
  /** Why it proves nothing (`TOKEN_INVALID`, `RECEIPT_INVALID`); undefined when token and receipt were checked and hold. */
  forgery?: string;
  body:
    | { kind: 'started' }
    | {
        kind: 'completed';
        seconds: number;
        blob: string;
        sha256: string;
        sizeBytes: number;
        pixelHash: string;
        notes: string[];
      }
    | { kind: 'failed'; failureClass: FailureClass; reason: string; seconds: number; log: string; names: string[] };
}

/** What a command wants. */
export type Command =
  | { kind: 'stop'; deleteResults: boolean }
  | { kind: 'pause' }
  | { kind: 'resume' }
  | { kind: 'set-wanted'; wanted: number }
  /** As a frame expression; empty: all that were given up. */
  | { kind: 'retry'; tasks: string }
  /** Accepted results that were found missing or damaged. */
  | { kind: 'repair'; damaged: readonly Damaged[]; reason: string };

/** An accepted result whose blob is missing or damaged. */
export interface Damaged {
  task: string;
  generation: number;
}

/** An attempt that a user says to hold; its token was checked. */
export interface HeldClaim {
  task: string;
  generation: number;
  attempt: string;
}

/** Everything that a session is decided on. `ticket` is the shell's, to answer whoever asked. */
export type Input =
  | { kind: 'reports'; ticket: number; user: string; userName: string; reports: Report[] }
  | { kind: 'command'; ticket: number; command: Command; request?: RequestMark }
  /** The matcher's answer to a statement of demand; `asked` are the connections that the statement confirmed, with their claims. */
  | {
      kind: 'exchange';
      users: Assigned[];
      asked: ReadonlyMap<string, number>;
      entitled: number;
      suitable: number;
      connected: number;
    }
  /** The matcher's word between two exchanges. */
  | { kind: 'new-users'; users: Assigned[] }
  | { kind: 'user-held'; user: string; connection: string; held: HeldClaim[] }
  | { kind: 'user-gone'; user: string; connection: string; isClean: boolean }
  | { kind: 'user-idle'; user: string; connection: string }
  /** Time has passed. */
  | { kind: 'tick' }
  /** The tail work of an ended workload is done. */
  | { kind: 'close' };
