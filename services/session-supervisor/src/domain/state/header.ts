import type { InputFile } from '../../kinds/kind.ts';
import type { WorkloadSpec } from '../../kinds/workload-spec.ts';

/** The part of a workload that StartWorkload writes and nothing changes afterwards. */
export interface WorkloadHeader {
  id: string;
  customer: string;
  spec: WorkloadSpec;
  /** Unset for work without an input. */
  file?: InputFile;
  /** The number of users that the customer asked for. */
  wanted: number;
  /** Wall clock, milliseconds since 1970. */
  createdAt: number;
}
