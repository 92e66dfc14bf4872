import type { EngineFamily, EngineNeeds } from '#libs/engines/index.ts';
import type { FailureClassName } from '#libs/contracts/agent.ts';
import type { TaskGraph } from '../domain/graph/task-graph.ts';

/* Everything that depends on the kind of work is asked here and in `kind-wire.ts`. A kind answers every question or does not compile. */

/** The budgets of each task. */
export interface Budgets {
  /** A task is given up after failures by this many different users. */
  maxFailures: number;
  /** A task is given up after this many attempts whose users vanished without a goodbye. */
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
  /** Whether the blob is the manifest of a project; `fileName` is that of the .blend to open. */
  isProject?: true;
}

/** What the machines taught about a workload. */
export interface Learnt {
  /** The engine that the input turned out to need; empty until an agent reports it. */
  readonly engine: string;
  /** The engine version of all results; empty before the first hand-out. */
  readonly version: string;
}

/**
 * Whose fault a failure is. A fault of the task counts against its budget. A fault of the input ends the workload once
 * a second machine says the same, because no other would do better. After a fault of the machine, the machine rests. After a
 * final one the task is given up at once, and nobody is blamed.
 */
export type Fault = 'task' | 'input' | 'machine' | 'final';

export type Order = 'sequential' | 'coarse-first';

/** How the mesh looks at a result itself before it counts as verified. */
export type ResultCheck =
  | { kind: 'none' }
  /** It decodes the picture, whose size the scene tells. */
  | { kind: 'picture'; scene: string; scalePercent: number };

/** The pure half of a kind, which decisions ask. It has no I/O, no clock and no chance. */
export interface Kind<Spec> {
  graphOf(spec: Spec): TaskGraph;
  orderOf(spec: Spec): Order;
  /** Whether results may want a person's approval. Can be asked before the input was read. */
  hasGates(spec: Spec): boolean;
  /** The engine that the customer chose; empty if the input determines it. */
  chosenEngine(spec: Spec): string;
  engineNeeds(
    spec: Spec,
    file: InputFile | undefined,
    learnt: Learnt,
  ): EngineNeeds & { family: EngineFamily };
  /** Whether all results must come from one engine version. It is the one that most users have at the first hand-out. */
  readonly keepsOneVersion: boolean;
  faultOf(failureClass: FailureClassName): Fault;
  /** The engine that the input needs by the word of a machine that lacks it; else empty. */
  engineLearnt(failureClass: FailureClassName, names: readonly string[]): string;
  /** Whether tasks of this node make checkpoints, so that another user can go on. */
  makesCheckpoints(spec: Spec, node: string): boolean;
  /** Whether an idle user may do a running task of this node a second time. */
  mayCopy(spec: Spec, node: string): boolean;
  /** The file name extensions that a node's results may have, without a dot. */
  resultExtensions(spec: Spec, node: string): readonly string[];
  /** How a node's results are checked. A workload ends after that. */
  checkOf(spec: Spec, node: string): ResultCheck;
  /** SHA-256 of a result that is no blob and that the mesh can compute; undefined if results are blobs with receipts. */
  knownDigest(spec: Spec, workload: string, task: string): string | undefined;
  /** The reason with which a workload ends if tasks were given up: `FRAMES_FAILED`. */
  readonly tasksFailed: string;
  /** The reason with which a workload ends if a person rejected results, and nothing else went wrong: `MESH_REJECTED`. */
  readonly rejected: string;
  /** What a machine needs. It completes the sentence "none of the connected users has …". */
  machineWords(spec: Spec, file: InputFile | undefined, learnt: Learnt): string;
}
