/** Why an attempt could not be done; see FailureClass in agent_service.proto for what the mesh makes of each. */
export type FailureClass =
  | 'RENDER_ERROR'
  | 'PICTURE_INVALID'
  | 'RENDERER_DIED'
  | 'TIMEOUT'
  | 'OUT_OF_MEMORY'
  | 'SCENE_UNREADABLE'
  | 'MISSING_ASSETS'
  | 'SCENE_LOST'
  | 'ENGINE_UNAVAILABLE'
  | 'AGENT_ERROR';

/** One task of a job, by its key: `frames/17`, `noop/3`. */
export interface Task {
  key: string;
}

/** How far a task is. */
export interface Progress {
  /** From 0 to 1; undefined where nobody can tell. */
  fraction: number | undefined;
  /** What is going on, for people: `Sample 12/64`. At most 200 characters. */
  text: string;
}

/** A point from which a task can be resumed. */
export interface Checkpoint {
  /** Names the point among those of its task: the time of a simulation, `0.35`. At most 64 characters. */
  name: string;
  /** All that resuming takes, as paths on this machine. Nobody changes the files until `checkpoint` has resolved. */
  files: readonly string[];
}

/** What a task is run with. */
export interface Running {
  /** Ends the task. */
  signal: AbortSignal;
  /** Takes note of how far the task is. Cheap: the engine may call it for each line that its program prints. */
  progress(progress: Progress): void;
  /** Takes note that the task can be resumed from here. The engine goes on when it has resolved; it never rejects. */
  checkpoint(checkpoint: Checkpoint): Promise<void>;
}

/** The task is done. */
export interface Completed {
  kind: 'completed';
  /** The result as a file, which is the caller's to upload and to delete. */
  file?: string;
  /** The result, where it is short and was never a file. */
  bytes?: Uint8Array;
  /** SHA-256 of the result's bytes, 64 lower-case hexadecimal digits. */
  sha256: string;
  /** 0 where there is nothing to store: then `sha256` itself is the result, and neither file nor bytes are there. */
  sizeBytes: number;
  /** Of pictures, see pixelHash; else empty. */
  pixelHash: string;
  /** How long the work took. */
  seconds: number;
  /** What a person may want to know, at most 8 of 200 characters. */
  notes: string[];
}

/** The task, or the job, could not be done. */
export interface Failed {
  kind: 'failed';
  failureClass: FailureClass;
  /** For people, at most 1,000 characters. */
  reason: string;
  /** Missing files or engines, at most 100. */
  names: string[];
  /** What the program said, at most its last 256 KiB. May be empty. */
  log: string;
  seconds: number;
}

/** The caller's signal ended it. */
export interface Cancelled {
  kind: 'cancelled';
}

/** What became of a task. */
export type Outcome = Completed | Failed | Cancelled;

/** A job that is ready for its tasks. Holds on to programs and folders until it is closed. */
export interface Opened {
  kind: 'opened';
  /** Does one task; one at a time. Ends within a second when the signal aborts. Never rejects. */
  run(task: Task, running: Running): Promise<Outcome>;
  /** Ends its programs and removes its folders, not the results. */
  close(): Promise<void>;
}

/** A way to do tasks of one kind of job. */
export interface Engine<Job> {
  /** Gets a job ready, once for each of the agent's slots that works on it. Never rejects. */
  open(job: Job, signal: AbortSignal): Promise<Opened | Failed | Cancelled>;
}

const clip = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`.toWellFormed();

/** Makes a failure that keeps to the bounds of the protocol. */
export const failed = (
  failureClass: FailureClass,
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

/** Work that this version does not understand is for other agents. */
export const misunderstood = (what: string): Failed => failed('AGENT_ERROR', `this agent does not understand ${what}`);

/** Makes a completion that keeps to the bounds of the protocol. */
export const completed = (fields: Omit<Completed, 'kind'>): Completed => ({
  kind: 'completed',
  ...fields,
  notes: fields.notes.slice(0, 8).map((note) => clip(note, 200)),
});

export const CANCELLED: Cancelled = { kind: 'cancelled' };
