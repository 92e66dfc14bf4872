import { every, type Repetition } from '#libs/async/index.ts';
import { repair, type ObeyDeps } from '../owner/obey.ts';
import { scrub } from './scrub.ts';

/** Ratio of rest to reading time. The scrubber rests this long because callers that fetch results should not notice it. */
const REST = 9;
const REPAIR_MS = 30_000;

/** Checks accepted results against their blobs in the background, one workload after another. It orders repairs as any caller does. */
export const startScrubber = (deps: ObeyDeps): Repetition =>
  every(
    {
      clock: deps.clock,
      everyMs: deps.scrub.everyMs,
      isPauseFirst: true,
      onFailure: (err) => deps.logger.debug({ err }, 'a scrub failed; it is tried again'),
    },
    async (signal) => {
      while (!signal.aborted && (await scrubNext(deps, signal))) {}
    },
  );

/** Checks the workload that has gone unchecked the longest, if a check is due. Returns whether there was one. */
const scrubNext = async (deps: ObeyDeps, signal: AbortSignal): Promise<boolean> => {
  const now = deps.clock.now();
  const due = await deps.workloads.toScrub(new Date(now - deps.scrub.afterMs), new Date(now));
  if (due === undefined) {
    return false;
  }
  const id = due._id;
  let from = 0;
  for (let hasMore = true; hasMore;) {
    const view = await deps.reads.view(id);
    if (view === undefined || view.state.deleteResults || view.state.phase === 'stopped') {
      return true;
    }
    let began = deps.clock.monotonic();
    const rest = async (): Promise<void> => {
      await deps.clock.sleep(REST * (deps.clock.monotonic() - began), signal);
      began = deps.clock.monotonic();
    };
    const found = await scrub(deps, view.state, from, () => false, signal, rest);
    if (found.missing.length + found.damaged.length > 0) {
      deps.logger.warn(
        { workload: id, ...found },
        'accepted results are missing or damaged; they are made again',
      );
    }
    await repair(deps, id, found, deps.clock.monotonic() + REPAIR_MS, signal);
    ({ position: from, hasMore } = found);
  }
  return true;
};
