import type { Assigned } from '../scheduling/workers.ts';
import type {
  AcceptedResult,
  AttemptKey,
  Checkpoint,
  Entry,
  RequestMark,
} from '../state/entries.ts';

export interface Report extends Omit<AttemptKey, 'user'> {
  /** 0 for `started`. */
  reportId: number;
  /** Why the report proves nothing (`TOKEN_INVALID`, `RECEIPT_INVALID`); undefined if its token and receipt are valid. */
  forgery?: string;
  body:
    | { kind: 'started' }
    | ({ kind: 'checkpointed' } & Omit<Checkpoint, keyof AttemptKey | 'userName'>)
    | { kind: 'yielded'; reason: string; seconds: number }
    | ({ kind: 'completed'; resumedAttempt?: string } & Omit<
        AcceptedResult,
        keyof AttemptKey | 'userName' | 'resumed'
      >)
    | ({ kind: 'failed' } & Omit<
        Extract<Entry, { kind: 'attempt-failed' }>,
        keyof AttemptKey | 'kind' | 'userName' | 'memoryBytes'
      >);
}

export type Command =
  | { kind: 'stop'; deleteResults: boolean }
  | { kind: 'pause' }
  | { kind: 'resume' }
  | { kind: 'set-wanted'; wanted: number }
  /** `tasks` is the text of a task set; empty means all tasks that were given up. */
  | { kind: 'retry'; tasks: string }
  /** `by` looked at the result of this generation. */
  | {
      kind: 'rule';
      isApproved: boolean;
      task: string;
      generation: number;
      by: string;
      reason: string;
    }
  /** `damaged` are accepted results that were found missing or damaged. */
  | { kind: 'repair'; damaged: readonly Damaged[]; reason: string };

/** An accepted result whose blob is missing or damaged. */
export type Damaged = Pick<AttemptKey, 'task' | 'generation'>;

/** An accepted result that is what its user reported. */
export interface Verified extends Damaged {
  /** What decides whether others make it again; unset where nobody asks. */
  look?: {
    result: AcceptedResult;
    /** Uniform from 0 to 1. */
    chance: number;
    /** The attempts before, that made the same. */
    alike: readonly string[];
  };
}

/** An accepted result that is not as it should be. `contradicts`: its bytes are not what its user reported of them. */
export type Refused = AttemptKey & { userName: string; reason: string; contradicts: boolean };

/** An attempt that a user says it holds; its token is valid. */
export type HeldClaim = Omit<AttemptKey, 'user'>;

/** Every input of a session. The shell uses `ticket` to answer the caller. */
export type Input =
  | { kind: 'reports'; ticket: number; user: string; userName: string; reports: Report[] }
  | { kind: 'command'; ticket: number; command: Command; request?: RequestMark }
  /** The matcher's answer to a statement of demand; `asked` maps each connection that it confirmed to its claim. */
  | {
      kind: 'exchange';
      users: Assigned[];
      asked: ReadonlyMap<string, number>;
      entitled: number;
      suitable: number;
      connected: number;
      /** Machines that were caught in some workload. */
      barred: readonly { user: string; reason: string }[];
    }
  /** The matcher assigned users between two exchanges. */
  | { kind: 'new-users'; users: Assigned[] }
  | { kind: 'user-held'; user: string; connection: string; held: HeldClaim[] }
  | { kind: 'user-gone'; user: string; connection: string; isClean: boolean }
  | { kind: 'user-idle'; user: string; connection: string }
  /** By a user's own estimate, a task for which others sleep takes so long. */
  | {
      kind: 'slow';
      user: string;
      connection: string;
      attempt: string;
      elapsedSeconds: number;
      remainingSeconds: number;
    }
  /** The mesh looked at accepted results itself. */
  | { kind: 'checked'; verified: readonly Verified[]; refused: readonly Refused[] }
  /** The mesh looked for the input itself, and it is gone or damaged. */
  | { kind: 'scene-lost'; userName: string; what: string }
  /** The mesh looked for a checkpoint itself, and it is gone or damaged. */
  | { kind: 'checkpoint-lost'; task: string; blob: string }
  | { kind: 'tick' }
  /** The work that follows the end of a workload is done. */
  | { kind: 'close' };

export type InputOf<K extends Input['kind']> = Extract<Input, { kind: K }>;
