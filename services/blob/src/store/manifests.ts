import type { PartFile } from '#libs/contracts/blob.ts';
import { manifestDamaged } from '../domain/errors.ts';
import { type ManifestHead, MAX_HEAD_BYTES, readChunk, readHead } from '../domain/manifest.ts';
import { rangeOf } from '../domain/range.ts';
import type { Blobs } from './blobs.ts';

type Reads = Pick<Blobs, 'read'>;

interface OpenManifest {
  head: ManifestHead;
  /** The files of a chunk, by its index. Throws MANIFEST_DAMAGED. */
  chunk: (index: number) => Promise<PartFile[]>;
}

/** Undefined: no such blob. Throws MANIFEST_DAMAGED. */
export const openManifest = async (
  blobs: Reads,
  name: string,
  signal: AbortSignal,
): Promise<OpenManifest | undefined> => {
  const first = await readRange(blobs, name, 0, MAX_HEAD_BYTES, signal);
  if (first === undefined) {
    return undefined;
  }
  const head = readHead(first);
  if (head === undefined) {
    throw manifestDamaged(name);
  }
  return {
    head,
    chunk: async (index) => {
      const { offset, length } = head.chunks[index] ?? { offset: 0, length: 0 };
      const end = offset + length;
      const bytes =
        end <= first.length
          ? first.subarray(offset, end)
          : await readRange(blobs, name, offset, length, signal);
      const files = bytes?.length === length ? readChunk(bytes) : undefined;
      if (files === undefined) {
        throw manifestDamaged(name);
      }
      return files;
    },
  };
};

/** All files of a manifest, a chunk at a time. */
export async function* chunksOfManifest({
  head,
  chunk,
}: OpenManifest): AsyncGenerator<readonly PartFile[]> {
  for (const index of head.chunks.keys()) {
    yield await chunk(index);
  }
}

const readRange = async (
  blobs: Reads,
  name: string,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> => {
  const open = await blobs.read(name, rangeOf(offset, length), signal);
  return open && Buffer.concat(await Array.fromAsync(open.chunks));
};
