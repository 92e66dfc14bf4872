import type { Budgets, Order } from '../kind.ts';

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
