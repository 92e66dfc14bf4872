import { open } from 'node:fs/promises';
import { type Bounds, createGuard, Unfit } from './bounds.ts';
import { packingOf, unpackTar } from './tar.ts';
import { createWriter } from './writer.ts';
import { unpackZip } from './zip.ts';

/** How an archive is unpacked where that differs. */
export interface Manner {
  /** Only a tar that is not packed is taken, which cannot grow. */
  isPlainTar?: boolean;
  /** Its files take the place of files and links in the folder. */
  replaces?: boolean;
}

/** What the disk says, and not the archive. */
const OF_DISK = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE', 'ENFILE']);

/**
 * Unpacks a zip or tar file into a folder, holding little of it in memory. What it has unpacked when it throws stays there. It imports
 * little, because it runs in a process of its own (`child.ts`) for archives of strangers.
 *
 * @throws Unfit, or the error of the disk
 */
export const unpackHere = async (
  file: string,
  into: string,
  bounds: Bounds,
  { isPlainTar = false, replaces = false }: Manner = {},
): Promise<void> => {
  const head = Buffer.alloc(4);
  await using handle = await open(file, 'r');
  await handle.read(head, 0, head.length, 0);
  const { size } = await handle.stat();
  const guard = createGuard(bounds, size);
  using writer = createWriter(into, guard, replaces);
  const isZip = head.toString('latin1') === 'PK\x03\x04';
  const packing = packingOf(head);
  if (isPlainTar && (isZip || packing !== 'none')) {
    throw new Unfit('is packed, and no plain .tar');
  }
  try {
    await (isZip
      ? unpackZip(handle, size, writer, guard)
      : unpackTar(file, packing, writer, guard));
  } catch (thrown) {
    if (thrown instanceof Unfit || OF_DISK.has((thrown as NodeJS.ErrnoException).code ?? '')) {
      throw thrown;
    }
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Unfit(`cannot be unpacked (${why})`, { cause: thrown });
  }
};
