import { startBeats, type BeatDocument, type Beats, type Peers } from '#libs/mongo/index.ts';
import type { Collection } from 'mongodb';
import type { SessionDeps } from './deps.ts';
import { UnknownEntryError } from '../loop/folding.ts';
import type { Sessions } from './sessions.ts';

/** Stands for the owner of a workload that any replica may claim. No replica has this name. */
const NOBODY = 'nobody';

/**
 * Decides which replica should try to own which workload. Each replica sends a heartbeat, opens the workloads that name it, and
 * claims those of replicas whose heartbeat has stopped. The journal decides which one may own it (see `takeOver`).
 */
export const startOwnership = (
  deps: SessionDeps,
  supervisors: Collection<BeatDocument>,
  sessions: Sessions,
): Promise<Beats> => {
  const { instance, workloads, clock, logger } = deps;

  /** Workloads whose journals have entries of a later build. This replica gave them back and does not claim them again. */
  const beyond = new Set<string>();

  const openAll = async (): Promise<void> => {
    // A workload that is opened while MongoDB answers may be missing in the answer.
    const openBefore = sessions.ids();
    const mine = await workloads.ownedBy(instance);
    const named = new Set(mine.map(({ _id }) => _id));
    for (const id of openBefore) {
      if (!named.has(id)) {
        sessions.letGo(id);
      }
    }
    for (const document of mine) {
      // This is not awaited, because a long journal must not delay this replica's heartbeat.
      sessions.open(document).catch(async (thrown: unknown) => {
        logger.error(
          { err: thrown, workload: document._id },
          'a workload could not be opened; it is tried again',
        );
        if (thrown instanceof UnknownEntryError) {
          // A replica that knows all of its entries can claim it from nobody.
          beyond.add(document._id);
          await workloads.claim(document._id, instance, NOBODY).catch(() => undefined);
        }
      });
    }
  };

  const claimOrphans = async ({ living, dead }: Peers): Promise<void> => {
    const orphans = await workloads.ownedByOthers([...living.keys()]);
    for (const { _id, owner } of orphans) {
      if (owner !== null && !beyond.has(_id)) {
        await workloads.claim(_id, owner, instance);
      }
    }
    // A dead replica that owns no workload any more need not be watched.
    const gone = [...dead].filter((id) => !orphans.some(({ owner }) => owner === id));
    if (gone.length > 0) {
      await supervisors.deleteMany({ _id: { $in: gone } });
    }
  };

  return startBeats({
    collection: supervisors,
    instance,
    clock,
    logger,
    info: () => ({ sessions: sessions.ids().length }),
    onRound: async (peers) => {
      await claimOrphans(peers);
      await openAll();
    },
  });
};
