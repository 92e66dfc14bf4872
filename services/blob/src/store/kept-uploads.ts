import type { Collection } from 'mongodb';
import type { Clock } from '#libs/clock/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { bytesOf, type Run } from './staged.ts';

/** Which file an upload says that it carries. */
export interface Announced {
  /** The folder of its customer. */
  owner: string;
  sha256: string;
  sizeBytes: number;
}

/** What is staged of an upload, by the name that its blob will have. */
export interface KeptUpload extends Announced {
  name: string;
  /** Whoever has this token adds to it. */
  token: string;
  runs: readonly Run[];
}

export type KeptDocument = Omit<KeptUpload, 'name'> & { _id: string; updatedAt: Date };

/** More begin anew when they are cut off. */
const MAX_KEPT_UPLOADS = 16;
/** An upload takes up to 24 h and must become an object within a day of its first commit. */
const KEPT_MS = 12 * 3_600_000;

export type KeptUploads = ReturnType<typeof openKeptUploads>;

interface Needs {
  clock: Clock;
  random: Random;
  log: Logger;
}

export const openKeptUploads = (
  collection: Collection<KeptDocument>,
  { clock, random, log }: Needs,
) => {
  const freshSince = (): Date => new Date(clock.now() - KEPT_MS);
  const underWay = new Set<string>();
  return {
    /** Until it is disposed, nobody else goes on with it. */
    underWay: (name: string): Disposable => {
      underWay.add(name);
      return { [Symbol.dispose]: () => underWay.delete(name) };
    },
    /** Takes over the newest one of a file that is not under way here. */
    claim: (file: Announced): Promise<{ token: string; receivedBytes: number } | undefined> =>
      asUnavailable(async () => {
        const token = random.id('k');
        const found = await collection.findOneAndUpdate(
          { ...pick(file), updatedAt: { $gte: freshSince() }, _id: { $nin: [...underWay] } },
          { $set: { token } },
          { sort: { updatedAt: -1 } },
        );
        return found === null ? undefined : { token, receivedBytes: bytesOf(found.runs) };
      }),
    find: (file: Announced, token: string): Promise<KeptUpload | undefined> =>
      asUnavailable(async () => {
        const found = await collection.findOne({ ...pick(file), token });
        return found === null ? undefined : fromDocument(found);
      }),
    /** Remembers each block that is staged, as long as nobody takes the upload over. Without a database the upload goes on. */
    keeper: ({ name, runs: before, token, ...file }: KeptUpload) => {
      let isNew = before.length === 0;
      let isOver = false;
      return async (run: Run): Promise<void> => {
        if (isOver) {
          return;
        }
        try {
          if (
            isNew &&
            (await collection.countDocuments({ owner: file.owner })) >= MAX_KEPT_UPLOADS
          ) {
            isOver = true;
            return;
          }
          const runs = [...before, run];
          const update = { $set: { ...file, runs, updatedAt: new Date(clock.now()) } };
          const { matchedCount, upsertedCount } = await collection.updateOne(
            { _id: name, token },
            update,
            { upsert: isNew },
          );
          isOver = matchedCount + upsertedCount === 0;
          isNew = false;
        } catch (err) {
          isOver = true;
          log.warn({ err, blob: name }, 'an upload is not kept; cut off, it begins anew');
        }
      };
    },
    forget: (name: string): Promise<void> =>
      asUnavailable(async () => void (await collection.deleteOne({ _id: name }))),
    /** The names of those that nobody went on with. */
    stale: (ageMs: number): Promise<string[]> =>
      asUnavailable(async () => {
        const updatedAt = { $lte: new Date(clock.now() - ageMs) };
        const found = collection.find({ updatedAt }, { projection: { _id: 1 } });
        return (await found.toArray()).map(({ _id }) => _id);
      }),
  };
};

const pick = ({ owner, sha256, sizeBytes }: Announced): Announced => ({ owner, sha256, sizeBytes });

const fromDocument = ({ _id: name, owner, sha256, sizeBytes, token, runs }: KeptDocument) => ({
  name,
  owner,
  sha256,
  sizeBytes,
  token,
  runs,
});
