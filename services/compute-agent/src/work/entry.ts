import type { Attempt } from '#libs/contracts/common.ts';
import type { Phase } from '../domain/reconcile.ts';
import type { Progress } from '../engines/engine.ts';

/** An attempt on this machine. */
export interface Entry {
  readonly key: string;
  readonly workloadId: string;
  readonly attempt: Attempt;
  phase: Phase;
  /** When its engine began, monotonic milliseconds. */
  startedMs: number;
  /** How far its engine was when it last said so. */
  progress?: Progress;
  /** The mesh was told, on this stream, that it runs. */
  isAnnounced: boolean;
}
