import type { FailureClassName } from '#libs/contracts/agent.ts';

/** Identifies an attempt: one try at one task by one user. */
export interface AttemptKey {
  /** `<node>/<index>`. */
  task: string;
  generation: number;
  /** `<epoch>-<counter>`. */
  attempt: string;
  user: string;
}

export type TaskGeneration = Pick<AttemptKey, 'task' | 'generation'>;

/** What made a result. */
export interface UsedEngine {
  engine: string;
  version: string;
  device: string;
}

/** A checkpoint from which an attempt went on. */
export interface ResumedFrom {
  attempt: string;
  userName: string;
  /** The checkpoint as its program names it: `0.35`. */
  name: string;
}

/** A point from which a task can be resumed. */
export interface Checkpoint extends AttemptKey {
  userName: string;
  /** How far the task is; it only grows. */
  position: number;
  name: string;
  /** The manifest of its files. */
  blob: string;
  sha256: string;
  sizeBytes: number;
  /** The last one of another attempt before it, which is not kept any more; unset in the journal, which has all. */
  resumed?: ResumedFrom;
}

/** A further file of a result, which comes and goes with it. */
export interface FurtherFile {
  blob: string;
  sha256: string;
  sizeBytes: number;
  /** As in {@link AcceptedResult}. */
  pixelHash: string;
  /** What follows the frame's own part in the file's name: `_R.png`. */
  ending: string;
}

/** An accepted result. The journal keeps it permanently. */
export interface AcceptedResult extends AttemptKey {
  userName: string;
  /** Seconds of work. */
  seconds: number;
  /** Empty for noop tasks without a blob. */
  blob: string;
  /** 64 hexadecimal digits. */
  sha256: string;
  sizeBytes: number;
  /** 64 hexadecimal digits; empty if the result is no picture. */
  pixelHash: string;
  notes: string[];
  /** Unset where the agent did not say. */
  used?: UsedEngine;
  /** As of further files; unset if it is a dot and the extension of the blob. */
  ending?: string;
  /** Unset if there are none. */
  files?: FurtherFile[];
  /** Whose checkpoint it was resumed from; unset if it began anew. */
  resumed?: ResumedFrom;
  /** The work was done, but its own check of what it made failed. */
  isFlawed?: true;
}

/** A result that others make again. */
export interface Vote extends AcceptedResult {
  /** Whose machine made it. */
  owner: string;
  /** The attempts before, that made the same. */
  alike: readonly string[];
}

/** The blobs of a result with the hashes that their bytes must have. */
export const blobsOf = ({
  blob,
  sha256,
  files = [],
}: AcceptedResult): Pick<FurtherFile, 'blob' | 'sha256'>[] =>
  blob === '' ? [] : [{ blob, sha256 }, ...files];

/** The mark that a command leaves in the journal, by which a repetition of the same request is recognised. */
export interface RequestMark {
  requestId: string;
  /** SHA-256 of the request. It distinguishes a repetition from another request with the same id. */
  requestHash: string;
}

/** What a person said of the accepted result of a generation. */
export interface RulingOn extends TaskGeneration {
  /** `customer acme`, `operator ops`. */
  by: string;
  reason: string;
  request?: RequestMark;
}

/** An entry of the journal: one thing that happened to a workload. The entries alone determine the workload's state. */
export type Entry =
  | { kind: 'taken-over'; owner: string }
  /**
   * The first work was handed out, for the first time or after `version-dropped`. `version` is the engine version of all results;
   * empty if they may come from any.
   */
  | { kind: 'started'; version: string }
  /**
   * No result had this version, and nobody with it was there. It is chosen anew, and attempts that are out count no more. `tasks` are
   * those of inner nodes that were done with it, if any; they are done again.
   */
  | { kind: 'version-dropped'; version: string; tasks: string }
  | ({ kind: 'accepted' } & AcceptedResult)
  | ({ kind: 'duplicate'; userName: string; seconds: number } & AttemptKey)
  | ({
      kind: 'attempt-failed';
      userName: string;
      failureClass: FailureClassName;
      reason: string;
      seconds: number;
      /** The log's blob; empty if none was stored. */
      log: string;
      names: string[];
      /** Memory of the user's machine; 0 if it is not known. */
      memoryBytes: number;
    } & AttemptKey)
  /** The user vanished while it worked on the task. `seconds` is how long it had worked, as far as is known. */
  | ({ kind: 'attempt-lost'; userName: string; seconds: number } & AttemptKey)
  | ({ kind: 'checkpointed' } & Checkpoint)
  /** A checkpoint of the task is missing or damaged in storage. The one before counts again. */
  | { kind: 'checkpoint-lost'; task: string; blob: string }
  /** The user gave the task back, neither done nor failed, because it was asked to. `seconds` is how long it worked on it. */
  | ({ kind: 'yielded'; userName: string; reason: string; seconds: number } & AttemptKey)
  | { kind: 'task-failed'; task: string; generation: number; reason: string }
  /** The user gets no more work of this workload until a retry. An earlier version wrote no name. */
  | { kind: 'user-barred'; user: string; userName?: string; reason: string }
  /** The input needs this engine, although the customer chose none. */
  | { kind: 'engine-learnt'; engine: string; reason: string }
  /** A `reason` means that the workload paused itself. */
  | { kind: 'paused'; reason?: string; request?: RequestMark }
  | { kind: 'resumed'; request?: RequestMark }
  | { kind: 'wanted-set'; wanted: number; request?: RequestMark }
  /** These tasks are to be done again; an empty text means all that were given up. Reopens an ended workload. */
  | { kind: 'retried'; tasks: string; request?: RequestMark }
  /** The results of these tasks are missing or damaged and are to be made again. */
  | { kind: 'repair-wanted'; tasks: string; reason: string }
  /** The mesh looked at the accepted results of these tasks itself, and they are what their users reported. */
  | { kind: 'verified'; tasks: string }
  /** The mesh looked at an accepted result, and it is not what its user reported. It counts no more, and is made again. */
  | ({ kind: 'result-refused'; userName: string; reason: string } & AttemptKey)
  /** Another owner's machine makes this accepted result again, to see whether it comes out the same. It waits for that meanwhile. */
  | ({ kind: 'look-wanted' } & Vote)
  /** Second looks at a task are over. Users whose results are the same, and users that made something else. */
  | { kind: 'looked'; task: string; right: readonly string[]; wrong: readonly string[] }
  /** A second look at `task` caught the user. It gets no more work, and its results of `tasks`, if any, are made again. */
  | {
      kind: 'user-distrusted';
      user: string;
      userName: string;
      task: string;
      reason: string;
      tasks: string;
    }
  /** A person must rule on the accepted result of this generation before what needs it begins. */
  | ({ kind: 'approval-wanted'; sha256: string } & TaskGeneration)
  /** `by` looked at the accepted result of this generation. */
  | ({ kind: 'approved' } & RulingOn)
  | ({ kind: 'rejected' } & RulingOn)
  /** Nothing can be done until somebody rules. */
  | { kind: 'parked' }
  /** These tasks slept and are to be done, and what stands after them is begun anew, because one user needs too long for it. */
  | { kind: 'split'; tasks: string }
  | { kind: 'stopped'; deleteResults: boolean; request?: RequestMark }
  | { kind: 'completed' }
  | { kind: 'failed'; reason: string; message: string }
  | { kind: 'closed' };

export type EntryKind = Entry['kind'];

const kinds: Record<EntryKind, true> = {
  'taken-over': true,
  started: true,
  'version-dropped': true,
  accepted: true,
  duplicate: true,
  'attempt-failed': true,
  'attempt-lost': true,
  checkpointed: true,
  yielded: true,
  'checkpoint-lost': true,
  'task-failed': true,
  'user-barred': true,
  'engine-learnt': true,
  paused: true,
  resumed: true,
  'wanted-set': true,
  retried: true,
  'repair-wanted': true,
  verified: true,
  'result-refused': true,
  'look-wanted': true,
  looked: true,
  'user-distrusted': true,
  'approval-wanted': true,
  approved: true,
  rejected: true,
  parked: true,
  split: true,
  stopped: true,
  completed: true,
  failed: true,
  closed: true,
};

/** Whether this build knows the kind of an entry. A build must not own a journal that has an entry of an unknown kind. */
export const isKnownEntry = (entry: { kind: string }): entry is Entry =>
  Object.hasOwn(kinds, entry.kind);

/** The guard key of an accepted result. */
export const acceptedKey = ({ task, generation }: TaskGeneration): string =>
  `${task}/${generation}`;
