import type { Collection } from 'mongodb';
import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { isDead, observe, type Observed } from './liveness.ts';

/** One replica's sign of life. */
export interface BeatDocument {
  /** The instance id, random at each start. */
  _id: string;
  beat: number;
  /** What others should know of this replica. */
  info: Record<string, string | number>;
}

interface BeatOptions {
  collection: Collection<BeatDocument>;
  instance: string;
  clock: Clock;
  logger: Logger;
  /** What others should know of this instance, asked before each beat. */
  info?: () => BeatDocument['info'];
  /** Called after each successful round with all known replicas. Rounds do not overlap. */
  onRound: (peers: Peers, signal: AbortSignal) => Promise<void>;
}

/** The replicas as this one sees them. It counts itself among the living. */
export interface Peers {
  living: ReadonlyMap<string, BeatDocument['info']>;
  /** Dead replicas whose documents are still there. */
  dead: ReadonlySet<string>;
  /** Whether an instance is dead: it has stopped beating, or has no document. */
  isGone(instance: string): boolean;
}

export type Beats = Awaited<ReturnType<typeof startBeats>>;

const BEAT_MS = 1_000;

/** Raises this instance's beat each second, watches the beats of the others, and reports after each round who lives. */
export const startBeats = async (options: BeatOptions) => {
  const { collection, instance, clock, logger } = options;
  const observed = new Map<string, Observed>();
  let beat = 0;

  const round = async (signal: AbortSignal): Promise<void> => {
    beat += 1;
    const info = options.info?.() ?? {};
    await collection.updateOne({ _id: instance }, { $set: { beat, info } }, { upsert: true });
    const documents = await collection.find({}).toArray();
    const now = clock.monotonic();
    const seen = new Set(documents.map(({ _id }) => _id));
    for (const id of observed.keys()) {
      if (!seen.has(id)) {
        observed.delete(id);
      }
    }
    for (const { _id, beat: theirs } of documents) {
      observed.set(_id, observe(observed.get(_id), theirs, now));
    }
    const dead = new Set(
      [...observed]
        .filter(([id, known]) => id !== instance && isDead(known, now))
        .map(([id]) => id),
    );
    const living = new Map(
      documents.filter(({ _id }) => !dead.has(_id)).map((known) => [known._id, known.info]),
    );
    await options.onRound({ living, dead, isGone: (id) => !living.has(id) }, signal);
  };

  await collection.updateOne(
    { _id: instance },
    { $set: { beat, info: options.info?.() ?? {} } },
    { upsert: true },
  );
  const onFailure = (err: unknown): void =>
    logger.warn({ err }, 'a beat failed; it is tried again');
  const beating = every({ clock, everyMs: BEAT_MS, onFailure }, round);
  return {
    /** Stops beating and removes this instance's document, because others would wait for its beat otherwise. */
    stop: async (): Promise<void> => {
      await beating.stop();
      await collection.deleteOne({ _id: instance }).catch(() => undefined);
    },
  };
};
