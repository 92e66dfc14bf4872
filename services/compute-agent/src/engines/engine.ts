/** The engines with which Blender renders. */
export const RENDER_ENGINES = ['CYCLES', 'BLENDER_EEVEE', 'BLENDER_WORKBENCH'] as const;
export type RenderEngine = (typeof RENDER_ENGINES)[number];

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
  /** Does one task; one at a time. Ends within a second when `signal` aborts. Never rejects. */
  run(task: Task, signal: AbortSignal): Promise<Outcome>;
  /** Ends its programs and removes its folders, not the results. */
  close(): Promise<void>;
}

/** A way to do tasks of one kind of job. */
export interface Engine<Job> {
  /** `blender`, `noop`. */
  readonly name: string;
  /** The version of the program behind it. */
  readonly version: string;
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

/** Makes a completion that keeps to the bounds of the protocol. */
export const completed = (fields: Omit<Completed, 'kind'>): Completed => ({
  kind: 'completed',
  ...fields,
  notes: fields.notes.slice(0, 8).map((note) => clip(note, 200)),
});

export const CANCELLED: Cancelled = { kind: 'cancelled' };
