import { type Bounds, Unfit } from './bounds.ts';
import { archiveUnfit } from './errors.ts';
import { type Manner, unpackHere } from './unpack-here.ts';

/**
 * Unpacks a zip file, or a tar file that may be compressed, into a folder, in this process. It holds the event loop for moments, so a
 * service uses `unpackConfined` for what strangers packed. Throws ARCHIVE_UNFIT if it contains links or devices, leads out of the folder,
 * is damaged, or exceeds the bounds. What it has unpacked by then stays in the folder.
 */
export const unpack = async (
  file: string,
  into: string,
  bounds: Bounds,
  manner?: Manner,
): Promise<void> => {
  try {
    await unpackHere(file, into, bounds, manner);
  } catch (thrown) {
    throw thrown instanceof Unfit ? archiveUnfit(thrown.message, thrown) : thrown;
  }
};
