import { has } from '../sets/bitmap.ts';
import { ordinalsToText } from '../graph/task-text.ts';
import { isOver } from '../state/workload.ts';
import { bar, barIfBlamed } from './decide-reports.ts';
import { record, type Draft } from './decision.ts';
import { spendRefusal } from './endings.ts';
import { settleSuspicions } from './suspicions.ts';
import type { InputOf } from './inputs.ts';
import { isLookWanted, lookAgain } from './looks.ts';
import { makeAgain } from './make-again.ts';
import { currentOrdinals, MAX_GENERATION } from './reopen.ts';

/** Decides what becomes of accepted results that the mesh has looked at. Those that do not count any more change nothing. */
export const decideChecked = (draft: Draft, { verified, refused }: InputOf<'checked'>): void => {
  if (isOver(draft.state)) {
    return;
  }
  const sound: number[] = [];
  for (const result of verified) {
    const [ordinal] = currentOrdinals(draft.state, [result]);
    if (ordinal === undefined || !has(draft.state.unverified, ordinal)) {
      continue;
    }
    if (result.look === undefined || !isLookWanted(draft, ordinal, result.look)) {
      sound.push(ordinal);
    } else if (lookAgain(draft, ordinal, result.look)) {
      sound.push(ordinal);
    }
  }
  const [first] = sound;
  if (first !== undefined) {
    const { suspicions } = draft.state;
    const tasks = ordinalsToText(
      draft.state.graph,
      sound.sort((a, b) => a - b),
    );
    record(draft, { kind: 'verified', tasks });
    settleSuspicions(draft, suspicions, first);
  }
  for (const { contradicts, ...result } of refused) {
    const [ordinal] = currentOrdinals(draft.state, [result]);
    if (ordinal === undefined || draft.state.generation >= MAX_GENERATION) {
      continue;
    }
    record(draft, { kind: 'result-refused', ...result });
    const reason = `reported results that are not what it stored: ${result.reason}`;
    if (contradicts) {
      bar(draft, result, reason);
      draft.effects.push({ kind: 'contradicted', userId: result.user, reason });
    } else {
      barIfBlamed(draft, result, reason);
    }
    spendRefusal(draft, ordinal, result.reason);
    makeAgain(draft, [ordinal]);
  }
};
