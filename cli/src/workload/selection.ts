import type { Result, Workload } from '#libs/contracts/session.ts';
import {
  indicesOf,
  ordinalOf,
  parseTasks,
  subsetToText,
  type NodeTasks,
} from '#libs/indices/index.ts';
import { formatTaskKey, parseTaskKey } from '#libs/mesh/index.ts';
import { usage } from '../failures.ts';
import { viewOf } from './kinds.ts';

/** Some tasks of a workload, those whose results are wanted. */
export interface Selection {
  has: (result: Pick<Result, 'task'>) => boolean;
  /** The wanted tasks that are not among these, as an expression; empty if all are. */
  without: (tasks: ReadonlySet<string>) => string;
}

/** The longest expression that is shown. */
const MAX_SHOWN = 200;

const shown = (text: string): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;

/** The part of some tasks of a node for which a test holds, as an expression: `4-6`, or `solve/4-6`. */
const partText = (
  { node, indices }: NodeTasks,
  isNamed: boolean,
  test: (index: number) => boolean,
): string[] => {
  const ordinals = indicesOf(indices)
    .map((index, ordinal) => (test(index) ? ordinal : -1))
    .filter((ordinal) => ordinal >= 0)
    .map((ordinal) => ({ first: ordinal, last: ordinal }));
  const text = subsetToText(indices, ordinals);
  return text === '' ? [] : text.split(',').map((part) => (isNamed ? `${node}/${part}` : part));
};

/**
 * Reads which tasks of a workload are wanted. Throws INVALID_ARGUMENT `FRAMES_INVALID`, `FRAMES_TOO_MANY`, `FRAMES_TOO_COMPLEX`
 * as the mesh does, and `FRAMES_UNKNOWN` for tasks that the workload does not have.
 */
export const selectTasks = (workload: Workload, text: string): Selection => {
  const { noun, tasks } = viewOf(workload);
  const own = tasks();
  if (own.length === 0) {
    throw usage(`this version does not know which tasks ${workload.workloadId} has`);
  }
  const isNamed = own.length > 1;
  const wanted = parseTasks({ nodes: own.map(({ node }) => ({ id: node })) }, text);
  const ownOf = (node: string) => own.find((each) => each.node === node)?.indices;

  const unknown = wanted.flatMap((each) => {
    const there = ownOf(each.node);
    const isUnknown = (index: number) => !there || ordinalOf(there, index) === undefined;
    return partText(each, isNamed || there === undefined, isUnknown);
  });
  if (unknown.length > 0) {
    const all = own.flatMap((each) => partText(each, isNamed, () => true));
    throw usage(
      `workload ${workload.workloadId} has no ${noun} ${shown(unknown.join(','))}; choose some of ${shown(all.join(','))}`,
      'FRAMES_UNKNOWN',
    );
  }
  return {
    has({ task }) {
      const key = parseTaskKey(task);
      const some = wanted.find(({ node }) => node === key?.node)?.indices;
      return key !== undefined && some !== undefined && ordinalOf(some, key.index) !== undefined;
    },
    without: (there) =>
      shown(
        wanted
          .flatMap((each) => {
            const isAway = (index: number) => !there.has(formatTaskKey({ ...each, index }));
            return partText(each, isNamed, isAway);
          })
          .join(','),
      ),
  };
};
