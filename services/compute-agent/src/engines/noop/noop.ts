import { hash } from 'node:crypto';
import { tmpdir } from 'node:os';
import type { Clock } from '#libs/clock/index.ts';
import type { NoopSpec } from '#libs/contracts/common.ts';
import { parseTaskKey } from '#libs/mesh/index.ts';
import {
  CANCELLED,
  completed,
  type Engine,
  failed,
  misunderstood,
  type Outcome,
  type Running,
  yielded,
} from '../engine.ts';
import type { Family } from '../family.ts';
import { checkpointAt, checkResumed } from './checkpoint.ts';
import { noopBytes } from './noop-bytes.ts';
import { parseTaskList } from './task-list.ts';

/** Work without meaning, for tests and benches; see NoopSpec. */
export interface NoopJob {
  workloadId: string;
  durationMs: number;
  /** How long the tasks of a node take, where that differs. */
  nodeDurationsMs?: ReadonlyMap<string, number>;
  /** 0: there are no bytes, and the digest of the key is the result. */
  resultBytes: number;
  /** The nodes whose results say that their own check failed. */
  flawedNodes?: ReadonlySet<string>;
  /** After how much work the tasks of a node make a checkpoint each time; none for nodes that are not there. */
  checkpointsMs?: ReadonlyMap<string, number>;
  /** Whether the task `<node>/<number>` always fails. */
  isFailing(task: number, node: string): boolean;
}

const nodeOf = (task: string): string => task.slice(0, task.indexOf('/'));

const durationOf = ({ durationMs, nodeDurationsMs }: NoopJob, task: string): number =>
  nodeDurationsMs?.get(nodeOf(task)) ?? durationMs;

const doTask = (job: NoopJob, task: string, seconds: number): Outcome => {
  const { index, node } = parseTaskKey(task) ?? { index: 0, node: '' };
  if (job.isFailing(index, node)) {
    const reason = `task ${task} is one of those that always fail`;
    return failed('RENDER_ERROR', reason, { seconds, log: `${reason}\n` });
  }
  const key = `${job.workloadId}/${task}`;
  const isFlawed = job.flawedNodes?.has(node) === true;
  const done = { pixelHash: '', seconds, notes: [], ...(isFlawed && { isFlawed }) };
  if (job.resultBytes === 0) {
    return completed({ ...done, sha256: hash('sha256', key), sizeBytes: 0 });
  }
  const bytes = noopBytes(key, job.resultBytes);
  return completed({ ...done, bytes, sha256: hash('sha256', bytes), sizeBytes: bytes.length });
};

/** Works in slices, with a checkpoint after each but the last, whose position is the milliseconds of work that are done. */
const work = async (
  job: NoopJob,
  task: string,
  running: Running,
  { clock, folder }: Required<NoopOptions>,
): Promise<Outcome> => {
  const { signal, yielding, resume } = running;
  const durationMs = durationOf(job, task);
  const sliceMs = job.checkpointsMs?.get(nodeOf(task));
  const stepMs = sliceMs ?? durationMs;
  const fault = resume && (await checkResumed(job, task, resume, folder));
  if (fault !== undefined) {
    return fault;
  }
  const pauses = sliceMs === undefined ? signal : AbortSignal.any([signal, yielding]);
  const firstMs = Math.min(Math.max(resume?.position ?? 0, 0), durationMs);
  let doneMs = firstMs;
  let storedMs = resume?.position ?? -1;
  let storing: Promise<void> | undefined;
  const checkpoint = (): void => {
    if (doneMs > storedMs) {
      storedMs = doneMs;
      storing = running.checkpoint(checkpointAt(job, task, doneMs));
    }
  };
  while (doneMs < durationMs && !signal.aborted) {
    const endMs = Math.min(durationMs, (Math.floor(doneMs / stepMs) + 1) * stepMs);
    const begunMs = clock.monotonic();
    await clock.sleep(endMs - doneMs, pauses).catch(() => undefined);
    if (pauses.aborted && !signal.aborted) {
      doneMs = Math.min(endMs, doneMs + Math.floor(clock.monotonic() - begunMs));
      checkpoint();
      await storing;
      return signal.aborted ? CANCELLED : yielded(yielding);
    }
    doneMs = endMs;
    if (sliceMs !== undefined && doneMs < durationMs && !signal.aborted) {
      checkpoint();
    }
  }
  return signal.aborted ? CANCELLED : doTask(job, task, (durationMs - firstMs) / 1_000);
};

interface NoopOptions {
  clock: Clock;
  /** For the files of checkpoints; default: the system's. */
  folder?: string;
}

/** The engine for {@link NoopJob}s. A task of 0 ms is done in the same turn. */
export const createNoopEngine = ({ clock, folder = tmpdir() }: NoopOptions): Engine<NoopJob> => ({
  open: async (job, signal) =>
    signal.aborted
      ? CANCELLED
      : {
          kind: 'opened',
          run: ({ key }, running) => work(job, key, running, { clock, folder }),
          makesCheckpoints: ({ key }) => job.checkpointsMs?.has(nodeOf(key)) === true,
          close: async () => undefined,
        },
});

/** Work without meaning, which every machine can do. The agent offers it only if somebody asks for it by name. */
export const noop = {
  name: 'noop',
  engines: ['noop'],
  isAuto: false,
  isConfined: false,
  variables: {},
  detect: async (_wanted, { clock, folder }) => ({
    kind: 'works',
    offers: [{ name: 'noop', version: '1', devices: [] }],
    engine: createNoopEngine({ clock, folder }),
  }),
  jobOf(workloadId, { durationMs, resultBytes, failingTasks, nodes }) {
    const isFailing = parseTaskList(failingTasks);
    if (isFailing === undefined) {
      return misunderstood(`the list ${failingTasks}`);
    }
    const nodeDurationsMs = new Map(nodes.map((node) => [node.id, node.durationMs ?? durationMs]));
    const flawed = nodes.filter(({ flawed: isFlawed }) => isFlawed === true);
    const flawedNodes = new Set(flawed.map(({ id }) => id));
    const checkpointsMs = new Map(
      nodes.flatMap(({ id, checkpointMs: ms }) => (ms === undefined ? [] : [[id, ms] as const])),
    );
    const job = {
      workloadId,
      durationMs,
      nodeDurationsMs,
      checkpointsMs,
      flawedNodes,
      resultBytes,
      isFailing,
    };
    return { kind: 'understood', engine: 'noop', input: undefined, job: () => job };
  },
} satisfies Family<NoopSpec, NoopJob, unknown>;
