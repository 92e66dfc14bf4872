import { isNobodyFit, isVersionUnproven, VERSION_PATIENCE_MS } from '../scheduling/machines.ts';
import { ordinalsOf } from '../sets/bitmap.ts';
import { ordinalsToText } from '../graph/task-text.ts';
import { isAsleep } from '../state/workload.ts';
import { record, type Draft } from './decision.ts';
import { takeBack } from './endings.ts';
import { makeAgain } from './make-again.ts';
import { MAX_GENERATION } from './reopen.ts';

/**
 * Runs after each answer of the matcher: a version that one machine has named and no result has must not hold up others, when
 * nobody who has it is there any more.
 */
export const dropVersion = (draft: Draft): void => {
  const { state, workers } = draft;
  const isStuck =
    isVersionUnproven(state) &&
    state.phase !== 'paused' &&
    state.generation < MAX_GENERATION &&
    workers.connected > 0 &&
    isNobodyFit(draft);
  workers.versionlessMs = isStuck ? workers.versionlessMs + workers.answerGapMs : 0;
  if (workers.versionlessMs < VERSION_PATIENCE_MS) {
    return;
  }
  workers.versionlessMs = 0;
  const { version, graph, done } = state;
  // No outer result counts, so these are of inner nodes. With another version nobody knows what they are good for.
  const made = [...ordinalsOf(done)].filter((ordinal) => !isAsleep(state, ordinal));
  record(draft, { kind: 'version-dropped', version, tasks: ordinalsToText(graph, made) });
  for (const worker of workers.byId.values()) {
    takeBack(draft, worker, 0);
  }
  makeAgain(draft, made);
};
