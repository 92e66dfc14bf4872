import { every, type Repetition } from '#libs/async/index.ts';
import type { Context } from './context.ts';

const EVERY_MS = 3_600_000;
const PAGE = 1_000;
/** An upload can become an object for 24 hours. One hour more spares an upload that is just becoming one. */
const AGE_MS = 25 * 3_600_000;

type Needs = Pick<Context, 'blobs' | 'objects' | 'kept' | 'clock' | 'log'>;

/** Removes uploads that never became an object, at the start and each hour. */
export const startSweeper = (ctx: Needs): Repetition =>
  every(
    {
      clock: ctx.clock,
      everyMs: EVERY_MS,
      onFailure: (err) => ctx.log.warn({ err }, 'uploads were not swept; the next round will'),
    },
    async (signal) => {
      await sweepUploads(ctx, AGE_MS, signal);
      await sweepKept(ctx, AGE_MS, signal);
    },
  );

/** Removes uploads without an object that are at least this old by the storage's own clock. Returns how many. */
export const sweepUploads = async (
  ctx: Needs,
  ageMs: number,
  signal: AbortSignal,
): Promise<number> => {
  const { blobs, objects } = ctx;
  let removed = 0;
  let marker: string | undefined;
  do {
    const page = await blobs.list({ prefix: 'uploads/', pageSize: PAGE, marker }, signal);
    const kept = await objects.amongBlobs(page.blobs.map(({ name }) => name));
    for (const { name } of page.blobs) {
      if (kept.has(name)) {
        continue;
      }
      const details = await blobs.stat(name, signal);
      if (details === undefined || details.ageMs < ageMs) {
        continue;
      }
      await blobs.delete(name, signal);
      ctx.log.info({ blob: name }, 'swept an upload that never became an object');
      removed += 1;
    }
    marker = page.marker;
  } while (marker !== undefined);
  return removed;
};

/** Removes what is staged of uploads that nobody went on with for so long. Returns how many. */
export const sweepKept = async (
  { blobs, kept, log }: Pick<Needs, 'blobs' | 'kept' | 'log'>,
  ageMs: number,
  signal: AbortSignal,
): Promise<number> => {
  const names = await kept.stale(ageMs);
  for (const name of names) {
    await blobs.discard(name, signal);
    await kept.forget(name);
    log.info({ blob: name }, 'swept an upload that was cut off');
  }
  return names.length;
};
