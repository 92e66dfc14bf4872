import { append } from '#libs/journal/index.ts';
import type { Entry } from '../../domain/state/entries.ts';
import type { SessionDeps } from './deps.ts';

/** Appends the entries that begin an epoch of this replica. Returns whether they are written; if not, somebody else wrote. */
export const appendEpoch = async (
  { journal, instance, clock, random, events }: SessionDeps,
  workload: string,
  n: number,
  entries: Entry[],
  signal: AbortSignal,
): Promise<boolean> => {
  const appendId = random.id('a');
  const document = { workload, n, appendId, by: instance, at: new Date(clock.now()), entries };
  const onUnknown = (cause: unknown): void => events.appendUnknown(workload, cause);
  const outcome = await append(journal, document, { clock, random, signal, onUnknown });
  return outcome.kind === 'written';
};
