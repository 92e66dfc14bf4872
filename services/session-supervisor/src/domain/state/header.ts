import type { InputFile, WorkloadSpec } from '../../kinds/kind.ts';

/** What Start writes once and nothing changes. */
export interface WorkloadHeader {
  id: string;
  customer: string;
  spec: WorkloadSpec;
  /** Unset for work without an input. */
  file?: InputFile;
  /** How many users were asked for. */
  wanted: number;
  /** Wall clock, milliseconds since 1970. */
  createdAt: number;
}
