import type { EngineNeeds } from '#libs/engines/index.ts';
import type { FailureClass } from '../domain/state/failure-class.ts';
import type { TaskGraph } from '../domain/graph/task-graph.ts';
import type { NoopSpec } from './noop/spec.ts';
import type { RenderSpec } from './render/spec.ts';

/**
 * What a kind of work is. Everything that depends on the kind is asked here and in `kind-wire.ts`: a new one is a folder with both
 * halves and a line in each table, and does not compile until every question has its answer.
 */

/** What a workload is to do, with defaults filled in. */
export type WorkloadSpec = RenderSpec | NoopSpec;

/** The budgets of a task. */
export interface Budgets {
  /** Failures by different users after which a task is given up. */
  maxFailures: number;
  /** Losses without a goodbye after which a task is given up. */
  maxLosses: number;
}

/** The file that a workload works on. */
export interface InputFile {
  objectId: string;
  fileName: string;
  blob: string;
  /** 64 hexadecimal digits. */
  sha256: string;
  sizeBytes: number;
  /** The version of Blender that wrote it: `3.4`. */
  blenderVersion: string;
}

/** What was learnt about a workload from its machines. */
export interface Learnt {
  /** The engine that its input turned out to want; empty until an agent said so. */
  readonly engine: string;
  /** The version that all of its results come from; empty before the first hand-out. */
  readonly version: string;
}

/** In which order tasks are handed out. */
export type Order = 'sequential' | 'coarse-first';

/**
 * Whose fault a failure is. The task's counts against its budget. The input's ends the workload, because no other machine
 * would do better. The machine's is a reason to leave that alone for a while.
 */
export type Fault = 'task' | 'input' | 'machine';

/** The pure half: what is asked when something is decided. No I/O, no clock, no chance. */
export interface Kind<Spec> {
  graphOf(spec: Spec): TaskGraph;
  orderOf(spec: Spec): Order;
  /** The engine that the customer chose; empty: the input says. */
  chosenEngine(spec: Spec): string;
  /** What the machines must have. */
  engineNeeds(spec: Spec, file: InputFile | undefined, learnt: Learnt): EngineNeeds;
  /** Whether all results have to come from one version of the engine: the one that most users have at the first hand-out. */
  readonly keepsOneVersion: boolean;
  faultOf(failureClass: FailureClass): Fault;
  /** The engine that the input wants, as a failure tells it; empty where it tells nothing. */
  engineLearnt(failureClass: FailureClass, names: readonly string[]): string;
  /** Whether an idle user may do a running task of this node once more. */
  mayCopy(spec: Spec, node: string): boolean;
  /** The file name extension of a node's results, without a dot. */
  resultExtension(spec: Spec, node: string): string;
  /** SHA-256 of a result that is no blob, which the mesh knows by itself; undefined where results are blobs with receipts. */
  knownDigest(spec: Spec, workload: string, task: string): string | undefined;
  readonly words: KindWords<Spec>;
}

/** What people are told. */
export interface KindWords<Spec> {
  /** The reason of a workload that ends because tasks were given up. */
  readonly tasksFailed: string;
  /** What a machine needs, to follow "none of the connected users has …". */
  machine(spec: Spec, file: InputFile | undefined, learnt: Learnt): string;
}
