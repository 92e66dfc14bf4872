import { inParallel } from '#libs/async/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { isManifest, parseBlobName } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import type { StoredBlob } from './entries.ts';
import { KEPT_MS } from './find-missing.ts';
import { chunksOfManifest, openManifest } from './manifests.ts';

const AT_ONCE = 8;
const PAGE = 250;

type Needs = Pick<Context, 'blobs' | 'log'>;
type Turn = () => Promise<void> | undefined;

/**
 * Removes checkpoints of a workload that are not among these, and parts that no manifest names. Returns how many blobs.
 *
 * What is younger than an hour stays. Parts are listed before manifests, a commit makes the parts that it names young, and nothing is
 * removed that became young meanwhile: so no manifest loses a part, whenever it is stored.
 */
export const removeUnneeded = async (
  ctx: Needs,
  workload: string,
  checkpoints: ReadonlySet<string>,
  turn: Turn,
  signal: AbortSignal,
): Promise<number> => {
  const unnamed = new Map<string, StoredBlob>();
  for await (const part of listAll(ctx, `parts/${workload}/`, turn, signal)) {
    if (part.untouchedMs > KEPT_MS) {
      unnamed.set(part.name.slice(part.name.lastIndexOf('/') + 1), part);
    }
  }
  const unneeded: StoredBlob[] = [];
  const manifests: string[] = [];
  for await (const checkpoint of listAll(ctx, `checkpoints/${workload}/`, turn, signal)) {
    if (checkpoints.has(checkpoint.name) || checkpoint.untouchedMs <= KEPT_MS) {
      manifests.push(checkpoint.name);
    } else {
      unneeded.push(checkpoint);
    }
  }
  if (unnamed.size > 0) {
    for await (const { name } of listAll(ctx, `results/${workload}/`, turn, signal)) {
      const parsed = parseBlobName(name);
      if (parsed !== undefined && isManifest(parsed)) {
        manifests.push(name);
      }
    }
    await inParallel(AT_ONCE, manifests, async (name) => {
      for await (const sha256 of partsOf(ctx, name, signal)) {
        await turn();
        unnamed.delete(sha256);
      }
    });
  }
  // Manifests first: there is none whose parts are gone.
  return (
    (await removeAll(ctx, unneeded, signal)) + (await removeAll(ctx, [...unnamed.values()], signal))
  );
};

async function* listAll(
  { blobs }: Pick<Needs, 'blobs'>,
  prefix: string,
  turn: Turn,
  signal: AbortSignal,
): AsyncGenerator<StoredBlob> {
  let marker: string | undefined;
  do {
    const page = await blobs.list({ prefix, pageSize: PAGE, marker }, signal);
    for (const blob of page.blobs) {
      await turn();
      yield blob;
    }
    ({ marker } = page);
  } while (marker !== undefined);
}

/** The hashes that a manifest names; none if it is gone or damaged, because what it is of is made again. */
async function* partsOf(
  { blobs, log }: Needs,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  try {
    const manifest = await openManifest(blobs, name, signal);
    if (manifest !== undefined) {
      for await (const files of chunksOfManifest(manifest)) {
        yield* files.map(({ sha256 }) => sha256);
      }
    }
  } catch (err) {
    if (!isDomainError(err) || err.reason !== 'MANIFEST_DAMAGED') {
      throw err;
    }
    log.warn({ err, blob: name }, 'a damaged manifest keeps no more parts');
  }
}

const removeAll = async (
  { blobs }: Pick<Needs, 'blobs'>,
  unneeded: readonly StoredBlob[],
  signal: AbortSignal,
): Promise<number> => {
  let removed = 0;
  await inParallel(AT_ONCE, unneeded, async ({ name, version }) => {
    const isRemoved = await blobs.delete(name, signal, version);
    removed += isRemoved ? 1 : 0;
  });
  return removed;
};
