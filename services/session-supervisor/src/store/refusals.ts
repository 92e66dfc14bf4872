import type { Collection } from 'mongodb';
import type { Clock, Timer } from '#libs/clock/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

/** The number of reports of one user for one workload that were refused for one reason. */
export interface Refusals {
  user: string;
  /** The latest one; unset where an earlier version counted. */
  userName?: string;
  reason: string;
  count: number;
}

interface RefusalDocument extends Refusals {
  /** `<workload>/<user>/<reason>`. */
  _id: string;
  workload: string;
}

/** Counts refused reports. A replica that dies loses its counts of the last second, which is harmless: they prove nothing. */
export interface RefusalStore {
  count(workload: string, user: { id: string; name: string }, reason: string): void;
  /** The counts of a workload, the highest first. */
  list(workload: string): Promise<Refusals[]>;
  close(): Promise<void>;
}

const EVERY_MS = 1_000;
/** Most different counts that wait to be written. Beyond it nothing is counted, because a flood must not cost memory. */
const MAX_WAITING = 10_000;
const MAX_LISTED = 1_000;

export const createRefusalStore = (
  refusals: Collection<RefusalDocument>,
  { clock, logger }: { clock: Clock; logger: Logger },
): RefusalStore => {
  const waiting = new Map<string, Omit<RefusalDocument, '_id'>>();
  let timer: Timer | undefined;
  let writing = Promise.resolve();

  const write = async (): Promise<void> => {
    timer = undefined;
    if (waiting.size === 0) {
      return;
    }
    const counted = [...waiting];
    waiting.clear();
    const updates = counted.map(([_id, { count, userName = '', ...rest }]) => {
      const update = { $inc: { count }, $set: { userName }, $setOnInsert: rest };
      return { updateOne: { filter: { _id }, update, upsert: true } };
    });
    await refusals
      .bulkWrite(updates, { ordered: false })
      .catch((err: unknown) => logger.debug({ err }, 'refused reports were not counted'));
  };

  return {
    count: (workload, { id: user, name: userName }, reason) => {
      const id = `${workload}/${user}/${reason}`;
      const known = waiting.get(id);
      if (known !== undefined) {
        known.count += 1;
      } else if (waiting.size < MAX_WAITING) {
        waiting.set(id, { workload, user, userName, reason, count: 1 });
      }
      timer ??= clock.setTimer(EVERY_MS, () => {
        writing = write();
      });
    },
    list: (workload) =>
      asUnavailable(() =>
        refusals.find({ workload }, { sort: { count: -1, _id: 1 }, limit: MAX_LISTED }).toArray(),
      ),
    close: async () => {
      timer?.cancel();
      await writing;
      await write();
    },
  };
};
