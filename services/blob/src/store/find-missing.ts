import { inParallel } from '#libs/async/index.ts';
import { formatBlobName } from '#libs/mesh/index.ts';
import type { Blobs } from './blobs.ts';
import type { StoredBlob } from './entries.ts';

/** So long what was stored or touched stays, also if nothing names it yet. */
export const KEPT_MS = 3_600_000;

/** What a commit finds older than this is touched, so that it stays until the manifest is there. */
const TOUCHED_AFTER_MS = KEPT_MS / 2;

/** Within this time after the look a manifest is stored, or it is looked again. */
export const LOOK_HOLDS_MS = KEPT_MS / 2 - 5 * 60_000;

const AT_ONCE = 16;
/** Larger pages of names take longer to read than others should wait. */
const PAGE = 250;
/** A page costs about as much as a few looks at single blobs, so it is worth it where at least each eighth name is asked for. */
const NAMES_PER_PART = 8;

interface Ask {
  workload: string;
  /** The length of each part, by its hash. */
  parts: ReadonlyMap<string, number>;
  /** Whether what is old is made new, so that it is not removed meanwhile. */
  isTouching: boolean;
  /** Awaited at each step. */
  turn: () => Promise<void> | undefined;
  signal: AbortSignal;
}

/** The hashes of those parts that are not stored with that length. It lists names where many are asked for, else looks at each. */
export const findMissing = async (
  blobs: Pick<Blobs, 'list' | 'stat' | 'touch'>,
  { workload, parts, isTouching, turn, signal }: Ask,
): Promise<string[]> => {
  const left = new Map(parts);
  const missing: string[] = [];
  const nameOf = (sha256: string): string => formatBlobName({ kind: 'part', workload, sha256 });
  const old: { name: string; sha256: string; sizeBytes: number }[] = [];
  const judge = (sha256: string, found: StoredBlob | undefined): void => {
    const sizeBytes = left.get(sha256) ?? 0;
    left.delete(sha256);
    if (found?.sha256 !== sha256 || found.sizeBytes !== sizeBytes) {
      missing.push(sha256);
    } else if (isTouching && found.untouchedMs > TOUCHED_AFTER_MS) {
      old.push({ name: found.name, sha256, sizeBytes });
    }
  };

  const prefix = nameOf('');
  let marker: string | undefined;
  let upTo = '';
  // The workload may have far more parts than are asked for.
  for (let pages = Math.floor(parts.size / PAGE) * NAMES_PER_PART; pages > 0; pages -= 1) {
    const page = await blobs.list({ prefix, pageSize: PAGE, marker }, signal);
    for (const found of page.blobs) {
      await turn();
      upTo = found.name.slice(prefix.length);
      if (left.has(upTo)) {
        judge(upTo, found);
      }
    }
    ({ marker } = page);
    if (marker === undefined) {
      upTo = 'g';
      break;
    }
  }
  for (const sha256 of left.keys()) {
    await turn();
    if (sha256 <= upTo) {
      judge(sha256, undefined);
    }
  }
  await inParallel(AT_ONCE, [...left.keys()], async (sha256) =>
    judge(sha256, await blobs.stat(nameOf(sha256), signal)),
  );
  await inParallel(AT_ONCE, old, async (part) => {
    if (!(await blobs.touch(part, signal))) {
      missing.push(part.sha256);
    }
  });
  return missing.sort();
};
