import type { Secret } from '#libs/auth/index.ts';
import type { Work } from '#libs/contracts/agent.ts';
import type { StartWorkloadRequest, Workload } from '#libs/contracts/session.ts';
import type { Violations } from '#libs/mesh/index.ts';
import type { BlobAccess } from '../blob-access.ts';
import type { TaskGraph } from '../domain/graph/task-graph.ts';
import type { InputFile, Learnt } from './kind.ts';

/** The specification in a `StartWorkload` request. */
export type SpecProto = NonNullable<StartWorkloadRequest['spec']>;
export type SpecCase = SpecProto['$case'];

/** The machine and the tasks that some work is for. */
interface WorkFor {
  machine: string;
  ordinals: readonly number[];
  learnt: Learnt;
}

/** What `prepare` may call while it reads a workload's input. */
export interface PrepareDeps {
  blob: Pick<BlobAccess, 'getObject' | 'head'>;
}

/** The wire half of a kind. It turns requests into specifications, and specifications into messages for callers and agents. */
export interface KindWire<Proto, Spec> {
  /** Whether the kind works on an object. If not, `object_id` must be empty. */
  readonly hasInput: boolean;
  /** Parses a specification and fills in defaults. Notes wrong fields in `wrong`. */
  parse(proto: Proto, wrong: Violations): Spec;
  /** Completes a specification with what only the input tells. Throws typed errors if no machine could use the input. */
  prepare(
    deps: PrepareDeps,
    spec: Spec,
    customer: string,
    objectId: string,
    signal: AbortSignal,
  ): Promise<{ spec: Spec; file?: InputFile }>;
  toProto(spec: Spec): NonNullable<Workload['spec']>;
  /** The specification for lists, with long texts cut. */
  shortened(spec: Spec): Spec;
  /** What agents must know to work on tasks. It does not list all tasks of the workload, because that list may be long. */
  workOf(
    workload: { id: string; spec: Spec; file?: InputFile; graph: TaskGraph },
    meshSecret: Secret,
  ): (whom: WorkFor) => Pick<Work, 'kind'>;
}
