import type { Budgets, Order } from '../kind.ts';

/** The specification of a render, with defaults filled in. An empty or 0 field means the file's own value. */
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
