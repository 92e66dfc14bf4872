import type { NoopSpec } from './noop/spec.ts';
import type { RenderSpec } from './render/spec.ts';

/** What a workload is to do, with defaults filled in: the specification of one of the kinds. */
export type WorkloadSpec = RenderSpec | NoopSpec;
