import type { PictureFormat } from '../../pictures/index.ts';
import type { RenderEngine } from '../engine.ts';

/** A scene to render, and how. What is left out is as the file has it. */
export interface RenderJob {
  /** The .blend file on this machine, readable for everybody. */
  sceneFile: string;
  /** The name of the scene; the current one by default. */
  scene?: string;
  engine?: RenderEngine;
  /** Samples per pixel. */
  samples?: number;
  /** Percent of the file's resolution. */
  scalePercent?: number;
  format: PictureFormat;
  /** Render although files that the scene refers to are missing. */
  allowMissing: boolean;
  /** The longest time for one frame. */
  frameTimeoutMs: number;
  /** The longest time without a sign of progress; also for opening the scene. */
  progressTimeoutMs: number;
}

/** How the files of each format end. */
export const EXTENSIONS = { PNG: 'png', JPEG: 'jpg', OPEN_EXR: 'exr' } as const satisfies Record<PictureFormat, string>;
