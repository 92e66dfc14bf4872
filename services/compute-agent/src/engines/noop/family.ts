import type { NoopSpec } from '#libs/contracts/common.ts';
import { misunderstood } from '../engine.ts';
import type { Family } from '../family.ts';
import { createNoopEngine, type NoopJob } from './noop.ts';
import { parseTaskList } from './task-list.ts';

/** Work without meaning, which every machine can do. The agent offers it only if somebody asks for it by name. */
export const noop = {
  name: 'noop',
  engines: ['noop'],
  isAuto: false,
  isConfined: false,
  variables: {},
  detect: async (_wanted, { clock }) => ({
    kind: 'works',
    offers: [{ name: 'noop', version: '1' }],
    engine: createNoopEngine({ clock }),
  }),
  jobOf(workloadId, { durationMs, resultBytes, failingTasks, nodes }) {
    const isFailing = parseTaskList(failingTasks);
    if (isFailing === undefined) {
      return misunderstood(`the list ${failingTasks}`);
    }
    const nodeDurationsMs = new Map(nodes.map((node) => [node.id, node.durationMs ?? durationMs]));
    const job = { workloadId, durationMs, nodeDurationsMs, resultBytes, isFailing };
    return { kind: 'understood', engine: 'noop', scene: undefined, job: () => job };
  },
} satisfies Family<NoopSpec, NoopJob, unknown>;
