import { startBeats, type BeatDocument, type Beats, type Peers } from '#libs/mongo/index.ts';
import type { Collection } from 'mongodb';
import type { SessionDeps } from './deps.ts';
import { UnknownEntryError } from '../loop/folding.ts';
import type { Sessions } from './sessions.ts';

/** Names no replica: the owner of a workload that is to be claimed. */
const NOBODY = 'nobody';

/**
 * Who should try: each replica raises a beat, reads which workloads name it, and takes over those of replicas whose beat has
 * stopped. Who may is the journal's word (see `takeOver`).
 */
export const startOwnership = (
  deps: SessionDeps,
  supervisors: Collection<BeatDocument>,
  sessions: Sessions,
): Promise<Beats> => {
  const { instance, workloads, clock, logger } = deps;

  /** Journals with entries of a later build: this replica gave them back, and does not claim them again. */
  const beyond = new Set<string>();

  /** Whoever knows the entry takes it over; a replica that does not must not stand in the way. */
  const giveBack = async (id: string): Promise<void> => {
    beyond.add(id);
    await workloads.claim(id, instance, NOBODY);
  };

  const openAll = async (): Promise<void> => {
    // Whatever is opened while MongoDB answers cannot be in the answer.
    const openBefore = sessions.ids();
    const mine = await workloads.ownedBy(instance);
    const named = new Set(mine.map(({ _id }) => _id));
    for (const id of openBefore) if (!named.has(id)) sessions.letGo(id);
    for (const document of mine) {
      // Not waited for: however long a journal is, this replica's own beat goes on.
      sessions.open(document).catch(async (thrown: unknown) => {
        logger.error({ err: thrown, workload: document._id }, 'a workload could not be opened; it is tried again');
        if (thrown instanceof UnknownEntryError) await giveBack(document._id).catch(() => undefined);
      });
    }
  };

  const claimOrphans = async ({ living, dead }: Peers): Promise<void> => {
    const orphans = await workloads.ownedByOthers([...living.keys()]);
    for (const { _id, owner } of orphans) {
      if (owner !== null && !beyond.has(_id)) await workloads.claim(_id, owner, instance);
    }
    // A dead replica that owns nothing any more need not be watched.
    const gone = [...dead].filter((id) => !orphans.some(({ owner }) => owner === id));
    if (gone.length > 0) await supervisors.deleteMany({ _id: { $in: gone } });
  };

  return startBeats({
    collection: supervisors,
    instance,
    clock,
    logger,
    info: () => ({ sessions: sessions.count() }),
    onRound: async (peers) => {
      await claimOrphans(peers);
      await openAll();
    },
  });
};
