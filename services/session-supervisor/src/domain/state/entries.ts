import type { FailureClass } from './failure-class.ts';

/** One try at one task by one user. */
export interface AttemptKey {
  /** `<node>/<index>`. */
  task: string;
  generation: number;
  /** `<reign>-<counter>`. */
  attempt: string;
  /** The user's id. */
  user: string;
}

/** An accepted result, as the journal keeps it for good. */
export interface AcceptedResult extends AttemptKey {
  userName: string;
  /** Seconds of work. */
  seconds: number;
  /** Empty for noop tasks without a blob. */
  blob: string;
  /** 64 hexadecimal digits. */
  sha256: string;
  sizeBytes: number;
  /** 64 hexadecimal digits, or empty for what is no picture. */
  pixelHash: string;
  notes: string[];
}

/** What a command leaves in the journal, so that the same request is recognised when it comes again. */
export interface RequestMark {
  requestId: string;
  /** SHA-256 of the request, to tell a repetition from another request under the same id. */
  requestHash: string;
}

/** What can happen to a workload. The journal is a list of these and nothing else decides its state. */
export type Entry =
  | { kind: 'taken-over'; owner: string }
  /** `version`: of Blender, for all of its frames; empty for work without Blender. */
  | { kind: 'started'; version: string }
  | ({ kind: 'accepted' } & AcceptedResult)
  | ({ kind: 'duplicate'; userName: string; seconds: number } & AttemptKey)
  | ({
      kind: 'attempt-failed';
      userName: string;
      failureClass: FailureClass;
      reason: string;
      seconds: number;
      /** The log's blob; empty if none was stored. */
      log: string;
      names: string[];
      /** Of the user's machine; 0 if it is not known. */
      memoryBytes: number;
    } & AttemptKey)
  /** The user vanished while it worked on it, for so many seconds as far as is known. */
  | ({ kind: 'attempt-lost'; userName: string; seconds: number } & AttemptKey)
  | { kind: 'task-failed'; task: string; generation: number; reason: string }
  /** The user gets no more work of this workload until a retry. */
  | { kind: 'user-barred'; user: string; reason: string }
  /** With a reason: the workload paused itself. */
  | { kind: 'paused'; reason?: string; request?: RequestMark }
  | { kind: 'resumed'; request?: RequestMark }
  | { kind: 'wanted-set'; wanted: number; request?: RequestMark }
  /** These tasks, as a frame expression, are to be done again; empty: all that were given up. Reopens what has ended. */
  | { kind: 'retried'; tasks: string; request?: RequestMark }
  /** The results of these tasks, as a frame expression, are missing or damaged and are to be made again. */
  | { kind: 'repair-wanted'; tasks: string; reason: string }
  | { kind: 'stopped'; deleteResults: boolean; request?: RequestMark }
  | { kind: 'completed' }
  | { kind: 'failed'; reason: string; message: string }
  | { kind: 'closed' };

export type EntryKind = Entry['kind'];

const kinds: Record<EntryKind, true> = {
  'taken-over': true,
  started: true,
  accepted: true,
  duplicate: true,
  'attempt-failed': true,
  'attempt-lost': true,
  'task-failed': true,
  'user-barred': true,
  paused: true,
  resumed: true,
  'wanted-set': true,
  retried: true,
  'repair-wanted': true,
  stopped: true,
  completed: true,
  failed: true,
  closed: true,
};

/** Whether this build knows an entry's kind. A journal with another one must not be owned by it. */
export const isKnownEntry = (entry: { kind: string }): entry is Entry => Object.hasOwn(kinds, entry.kind);

/** The guard key of an accepted result: `<task>/<generation>`. */
export const acceptedKey = ({ task, generation }: Pick<AttemptKey, 'task' | 'generation'>): string =>
  `${task}/${generation}`;
