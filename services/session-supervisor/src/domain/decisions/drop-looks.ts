import { taskKey } from '../graph/task-graph.ts';
import { generationOf } from '../state/workload.ts';
import { record, type Draft } from './decision.ts';

/** Nobody could make a task again. What was made of it first counts. Returns whether there was such a result. */
export const dropLooks = (draft: Draft, ordinal: number): boolean => {
  const [first] = draft.state.looks.get(ordinal) ?? [];
  if (first === undefined) {
    return false;
  }
  const { owner: _owner, alike: _alike, ...result } = first;
  const task = taskKey(draft.state.graph, ordinal);
  record(draft, { kind: 'looked', task, right: [], wrong: [] });
  record(draft, { kind: 'accepted', ...result, generation: generationOf(draft.state, ordinal) });
  return true;
};
