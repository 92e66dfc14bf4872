import { statfs } from 'node:fs/promises';
import { every, type Repetition } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { formatBytes } from '../formats.ts';

interface DiskOptions {
  clock: Clock;
  directory: string;
  /** Free bytes of the directory's disk, for whoever may not write the last of it. */
  freeBytes?: (directory: string) => Promise<number>;
  note: (text: string) => void;
  /** Called when there is room again after the disk was so full that writes failed. */
  onRoom: () => void;
}

const EVERY_MS = 2_000;
/** Below this people are told. */
export const MIN_FREE_BYTES = 64 * 2 ** 20;
/** Below this writes of the stores have probably failed. */
const FULL_BYTES = 8 * 2 ** 20;

const freeBytesOf = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

/** Tells when the disk of a mesh is full, and when there is room again. */
export const watchDisk = ({
  clock,
  directory,
  freeBytes = freeBytesOf,
  note,
  onRoom,
}: DiskOptions): Repetition => {
  let isLow = false;
  let wasFull = false;
  return every({ clock, everyMs: EVERY_MS }, async () => {
    const free = await freeBytes(directory);
    if (free < MIN_FREE_BYTES) {
      wasFull ||= free < FULL_BYTES;
      if (!isLow) {
        isLow = true;
        note(
          `the disk of ${directory} is full (${formatBytes(free)} free): the mesh waits until at least ${formatBytes(MIN_FREE_BYTES)} are free, and then goes on`,
        );
      }
      return;
    }
    if (isLow) {
      isLow = false;
      note(`the disk of ${directory} has room again (${formatBytes(free)} free); the mesh goes on`);
    }
    if (wasFull) {
      wasFull = false;
      onRoom();
    }
  });
};
