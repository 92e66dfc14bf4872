import type { Workload } from '#libs/contracts/session.ts';
import { createChanges, type Changes } from './changes.ts';
import type { Clients } from './clients.ts';
import { watch } from './work.ts';

/** A workload that is watched from its start to its end, even if services restart meanwhile. */
export interface Following {
  readonly id: string;
  /** The last shown state. */
  latest: () => Workload | undefined;
  until: Changes['until'];
  /** Resolves with the final state. Rejects if a state ever showed fewer done tasks than the one before. */
  readonly over: Promise<Workload>;
}

export const follow = (clients: Clients, id: string): Following => {
  let latest: Workload | undefined;
  const { ring, until } = createChanges(
    () => `${id} is ${latest?.state}, ${latest?.completed} of ${latest?.total}`,
  );
  const run = async (): Promise<Workload> => {
    for await (const { workload } of watch(clients, id)) {
      if (workload === undefined) {
        throw new Error('a state without a workload');
      }
      const { completed, failed, remaining, total } = workload;
      if (completed < (latest?.completed ?? 0)) {
        throw new Error(`completed went back to ${completed} in ${id}`);
      }
      if (completed + failed + remaining !== total) {
        throw new Error(`the counts of ${id} do not add up`);
      }
      latest = workload;
      ring();
    }
    if (latest === undefined) {
      throw new Error('a watch without a state');
    }
    return latest;
  };
  const over = run();
  // The rejection is not unhandled while no test waits for the end yet.
  over.catch(() => undefined);
  return { id, latest: () => latest, until, over };
};
