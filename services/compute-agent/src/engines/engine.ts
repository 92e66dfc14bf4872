import type { FailureClassName } from '#libs/contracts/agent.ts';

/** One task of a job, by its key: `frames/17`, `noop/3`. */
export interface Task {
  key: string;
}

export interface Progress {
  /** From 0 to 1; undefined where nobody can tell. */
  fraction: number | undefined;
  /** The current step, for people: `Sample 12/64`. At most 200 characters. */
  text: string;
  /** How long it will still take, as the engine expects; undefined where it does not say. */
  remainingSeconds?: number;
  /** It is a frame that strips would make to the same pixels. */
  canSplit?: true;
}

/** A file of a result, or of a checkpoint, that has many. */
export interface PartFile {
  /** Its place among them, relative, with `/`: `0.35/U`. */
  path: string;
  /** Its bytes as a file on this machine. Neither this nor `bytes` is needed if it is empty. */
  file?: string;
  /** Its bytes, if they are short and were never a file. */
  bytes?: Uint8Array;
  /** SHA-256 of its bytes, 64 lower-case hexadecimal digits. */
  sha256: string;
  sizeBytes: number;
}

/** A point from which a task can be resumed, on any machine. */
export interface Checkpoint {
  /** Its name within the task, for example the time of a simulation: `0.35`. At most 64 characters. */
  name: string;
  /** How far the task is there. Greater than at every checkpoint before, also at that from which it was resumed. */
  position: number;
  /** All that is needed to go on. The files stay unchanged until `checkpoint` has resolved. None if name and position are all. */
  parts: readonly PartFile[];
}

/** A checkpoint, perhaps of another machine, from which the task goes on. */
export interface ResumePoint {
  name: string;
  position: number;
  /** The attempt that made it. */
  madeBy: string;
  /**
   * Puts its files into this folder, writable, at their paths. It leaves a file that is there with the same bytes, and fetches only
   * what this machine lacks. Answers all paths. Other files in the folder stay. Never rejects.
   */
  files(this: void, folder: string): Promise<FetchedParts | Failed | Cancelled>;
}

/** The files of a checkpoint are on this machine. */
export interface FetchedParts {
  kind: 'fetched';
  paths: readonly string[];
}

/** What a task gets to run with. */
export interface Running {
  /** Ends the task. */
  signal: AbortSignal;
  /** Records how far the task is. It is cheap, so the engine may call it for each line that its program prints. */
  progress(progress: Progress): void;
  /**
   * Stores a point from which the task can be resumed. Resolves when the mesh hears of it even if this process ends now, or when it
   * is given up: for a newer one while blob is away, or because the task ended. The engine need not wait, except before it yields.
   * Never rejects.
   */
  checkpoint(checkpoint: Checkpoint): Promise<void>;
  /**
   * Asks for the task back: an engine that makes checkpoints makes one as soon as it can, waits until it is stored, and returns
   * `yielded` with this reason. Others go on.
   */
  yielding: AbortSignal;
  /** Where the task goes on; unset: at its beginning. */
  resume?: ResumePoint;
  /** Fetches the result of an earlier task, by its key. The file stays as it is until the task ends. Never rejects. */
  input(task: string): Promise<InputFile | Failed | Cancelled>;
  /**
   * Puts the files of the result of an earlier task, if it has many, into a folder, as `ResumePoint.files` does. Of a task that could
   * not be done they are those of its last checkpoint.
   */
  inputParts(task: string, folder: string): Promise<FetchedParts | Failed | Cancelled>;
  /** Whether the mesh said where the result of an earlier task is. */
  hasInput(task: string): boolean;
}

/** The result of an earlier task on this machine. Everybody may read it, nobody may write it. */
export interface InputFile {
  kind: 'file';
  /** Equal results have the same path. */
  file: string;
}

/** A further file of a result, of which the same is true as of `Completed.file`. */
export interface FurtherFile {
  file: string;
  sha256: string;
  sizeBytes: number;
  /** See `pixelHash`. */
  pixelHash: string;
  /** What follows the task's own part in the file's name, as agent_service.proto bounds it: `_R.png`. */
  ending: string;
}

/** What made a result. */
export interface UsedEngine {
  engine: string;
  version: string;
  device: string;
}

/** The task is done. */
export interface Completed {
  kind: 'completed';
  /** The result as a file. The caller uploads and deletes it. */
  file?: string;
  /** The result as bytes, if it is short and was never a file. */
  bytes?: Uint8Array;
  /** The result as many files, at least one. Then there is neither a file nor bytes. The caller stores and deletes them. */
  parts?: PartFile[];
  /** SHA-256 of the result's bytes, 64 lower-case hexadecimal digits. Empty for `parts`. */
  sha256: string;
  /** 0 if there is nothing to store. Then `sha256` itself is the result, and there is neither a file nor bytes. For `parts`: of all. */
  sizeBytes: number;
  /** For pictures, see `pixelHash`; empty for other results. */
  pixelHash: string;
  seconds: number;
  /** Notes for people, at most 8 of 200 characters. */
  notes: string[];
  used?: UsedEngine;
  /** As of further files; unset if it is a dot and the extension of `file`. */
  ending?: string;
  files?: FurtherFile[];
  /** The work was done, but its own check of what it made failed; the notes say what. */
  isFlawed?: boolean;
  /** There was a point to go on from, and the engine began anew. */
  hasBegunAnew?: boolean;
  /** The attempt whose checkpoint it was resumed from; the slot knows it. */
  resumedAttempt?: string;
  /** For pictures: a small JPEG. It may be lost. */
  preview?: Uint8Array;
  /** What the program printed, at most 64 KiB. It may be lost. */
  log?: string;
}

/** The task or its whole job failed. */
export interface Failed {
  kind: 'failed';
  failureClass: FailureClassName;
  /** For people, at most 1,000 characters. */
  reason: string;
  /** Missing files or engines, at most 100. */
  names: string[];
  /** The end of the program's output, at most 256 KiB. May be empty. */
  log: string;
  seconds: number;
}

/** The caller's signal ended it. */
export interface Cancelled {
  kind: 'cancelled';
}

/** The task is given back, with its last checkpoint, because somebody asked for that. Neither done nor failed. */
export interface Yielded {
  kind: 'yielded';
  /** For people, at most 200 characters. */
  reason: string;
  /** How long it worked; the slot measures that. */
  seconds?: number;
}

/** What became of a task. */
export type Outcome = Completed | Failed | Yielded | Cancelled;

/** A job that is ready for its tasks. It keeps programs and folders until it is closed. */
export interface Opened {
  kind: 'opened';
  /** Does one task at a time. Ends within a second after the signal aborts. Never rejects. */
  run(task: Task, running: Running): Promise<Outcome>;
  /** Whether a task makes checkpoints, and so can yield; default: none does. */
  makesCheckpoints?(task: Task): boolean;
  /** Ends its programs and removes its folders, but not the results. */
  close(): Promise<void>;
}

/** Does the tasks of one kind of job. */
export interface Engine<Job> {
  /** Gets a job ready, once for each of the agent's slots that works on it. Never rejects. */
  open(job: Job, signal: AbortSignal): Promise<Opened | Failed | Cancelled>;
}

const clip = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`.toWellFormed();

/** Creates a failure within the bounds of the protocol. */
export const failed = (
  failureClass: FailureClassName,
  reason: string,
  more: { names?: readonly string[]; log?: string; seconds?: number } = {},
): Failed => ({
  kind: 'failed',
  failureClass,
  reason: clip(reason, 1_000),
  names: (more.names ?? []).slice(0, 100),
  log: more.log ?? '',
  seconds: more.seconds ?? 0,
});

/** Creates the failure for work that this version does not understand. The mesh gives it to another agent. */
export const misunderstood = (what: string): Failed =>
  failed('AGENT_ERROR', `this agent does not understand ${what}`);

/** Creates a completion within the bounds of the protocol. */
export const completed = (fields: Omit<Completed, 'kind'>): Completed => ({
  kind: 'completed',
  ...fields,
  notes: fields.notes.slice(0, 8).map((note) => clip(note, 200)),
});

export const CANCELLED: Cancelled = { kind: 'cancelled' };

/** Creates the outcome of a task that was asked for by `yielding`. */
export const yielded = ({ reason }: AbortSignal): Yielded => ({
  kind: 'yielded',
  reason: clip(reason instanceof Error ? reason.message : String(reason), 200),
});
