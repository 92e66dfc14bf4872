import { hash } from 'node:crypto';
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
} from '../engine.ts';
import type { Family } from '../family.ts';
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
  /** Whether the task `<node>/<number>` always fails. */
  isFailing(task: number, node: string): boolean;
}

const DIGEST_BYTES = 32;

/**
 * The result of a task: the SHA-256 digests of `<key>/0`, `<key>/1`, … in a row, cut to `length` bytes. The key is
 * `<workload>/<task>`.
 */
export const noopBytes = (key: string, length: number): Uint8Array => {
  const bytes = Buffer.allocUnsafe(Math.ceil(length / DIGEST_BYTES) * DIGEST_BYTES);
  for (let i = 0; i * DIGEST_BYTES < length; i += 1) {
    bytes.set(hash('sha256', `${key}/${i}`, 'buffer'), i * DIGEST_BYTES);
  }
  return bytes.subarray(0, length);
};

const durationOf = ({ durationMs, nodeDurationsMs }: NoopJob, task: string): number =>
  nodeDurationsMs?.get(task.slice(0, task.indexOf('/'))) ?? durationMs;

const doTask = (job: NoopJob, task: string): Outcome => {
  const seconds = durationOf(job, task) / 1_000;
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

/** The engine for {@link NoopJob}s. A task of 0 ms is done in the same turn. */
export const createNoopEngine = ({ clock }: { clock: Clock }): Engine<NoopJob> => ({
  open: async (job, signal) =>
    signal.aborted
      ? CANCELLED
      : {
          kind: 'opened',
          run: async (task, { signal: stopped }) => {
            const durationMs = durationOf(job, task.key);
            if (durationMs > 0) {
              await clock.sleep(durationMs, stopped).catch(() => undefined);
            }
            return stopped.aborted ? CANCELLED : doTask(job, task.key);
          },
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
  detect: async (_wanted, { clock }) => ({
    kind: 'works',
    offers: [{ name: 'noop', version: '1', devices: [] }],
    engine: createNoopEngine({ clock }),
  }),
  jobOf(workloadId, { durationMs, resultBytes, failingTasks, nodes }) {
    const isFailing = parseTaskList(failingTasks);
    if (isFailing === undefined) {
      return misunderstood(`the list ${failingTasks}`);
    }
    const nodeDurationsMs = new Map(nodes.map((node) => [node.id, node.durationMs ?? durationMs]));
    const flawed = nodes.filter(({ flawed: isFlawed }) => isFlawed === true);
    const flawedNodes = new Set(flawed.map(({ id }) => id));
    const job = { workloadId, durationMs, nodeDurationsMs, flawedNodes, resultBytes, isFailing };
    return { kind: 'understood', engine: 'noop', input: undefined, job: () => job };
  },
} satisfies Family<NoopSpec, NoopJob, unknown>;
