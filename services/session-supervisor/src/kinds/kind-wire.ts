import type { Secret } from '#libs/auth/index.ts';
import type { Work } from '#libs/contracts/agent.ts';
import type { StartWorkloadRequest, Workload } from '#libs/contracts/session.ts';
import type { Violations } from '#libs/mesh/index.ts';
import type { BlobAccess } from '../blob-access.ts';
import type { TaskGraph } from '../domain/graph/task-graph.ts';
import type { InputFile, Learnt } from './kind.ts';

/** What `StartWorkload` can be asked for. */
export type SpecProto = NonNullable<StartWorkloadRequest['spec']>;
export type SpecCase = SpecProto['$case'];

/** Whom work is for. */
export interface WorkFor {
  machine: string;
  /** The tasks that it is to work on. */
  ordinals: readonly number[];
  learnt: Learnt;
}

/** What the wire half may ask while it reads a workload's input. */
export interface PrepareDeps {
  blob: Pick<BlobAccess, 'getObject' | 'head'>;
}

/** The wire half: from what callers say to a specification, and from that to what callers and agents are told. */
export interface KindWire<Proto, Spec> {
  /** Whether it works on an object. Without: `object_id` has to be empty. */
  readonly hasInput: boolean;
  /** A specification as asked for, with defaults. Wrong fields are noted in `wrong`. */
  parse(proto: Proto, wrong: Violations): Spec;
  /**
   * What only the input can say is added to the specification. Throws typed errors for an input that no machine could use.
   *
   * @param objectId the customer's object; empty where the kind has no input
   */
  prepare(
    deps: PrepareDeps,
    spec: Spec,
    customer: string,
    objectId: string,
    signal: AbortSignal,
  ): Promise<{ spec: Spec; file?: InputFile }>;
  toProto(spec: Spec): NonNullable<Workload['spec']>;
  /** The same with long texts cut, for lists. */
  toShortProto(spec: Spec): NonNullable<Workload['spec']>;
  /** What agents must know to work on tasks; which tasks there are is not among it, because that may be long. */
  workOf(
    workload: { id: string; spec: Spec; file?: InputFile; graph: TaskGraph },
    meshSecret: Secret,
  ): (whom: WorkFor) => Work;
}
