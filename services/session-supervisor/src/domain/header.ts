/** In which order tasks are handed out. */
export type Order = 'sequential' | 'coarse-first';

/** The budgets of a task. */
export interface Budgets {
  /** Failures by different users after which a task is given up. */
  maxFailures: number;
  /** Losses without a goodbye after which a task is given up. */
  maxLosses: number;
}

/** A render, with defaults filled in; everything empty or 0 is as the file has it. */
export interface RenderSpec extends Budgets {
  kind: 'render';
  /** Normalised frame expression. */
  frames: string;
  order: Order;
  engine: string;
  samples: number;
  scalePercent: number;
  format: 'PNG' | 'JPEG' | 'OPEN_EXR';
  scene: string;
  allowMissing: boolean;
  frameTimeoutMs: number;
  progressTimeoutMs: number;
}

/** Work without meaning, see muster.common.v1.NoopSpec. */
export interface NoopSpec extends Budgets {
  kind: 'noop';
  tasks: number;
  durationMs: number;
  resultBytes: number;
  /** Normalised frame expression, or empty. */
  failingTasks: string;
}

export type WorkloadSpec = RenderSpec | NoopSpec;

/** The file that a workload works on. */
export interface SceneFile {
  objectId: string;
  fileName: string;
  blob: string;
  /** 64 hexadecimal digits. */
  sha256: string;
  sizeBytes: number;
  /** The version of Blender that wrote it: `3.4`. */
  blenderVersion: string;
}

/** What Start writes once and nothing changes. */
export interface WorkloadHeader {
  id: string;
  customer: string;
  spec: WorkloadSpec;
  /** Unset for noop. */
  file?: SceneFile;
  /** How many users were asked for. */
  wanted: number;
  /** Wall clock, milliseconds since 1970. */
  createdAt: number;
}

/** The file name extension of a workload's results, without a dot. */
export const resultExtension = (spec: WorkloadSpec): string => {
  if (spec.kind === 'noop') return 'bin';
  return { PNG: 'png', JPEG: 'jpg', OPEN_EXR: 'exr' }[spec.format];
};
