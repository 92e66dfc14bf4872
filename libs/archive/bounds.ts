import { normalize, sep } from 'node:path';

/** Bounds on what an archive unpacks to. */
export interface Bounds {
  /** All its files together, unpacked; of a tar also their heads. */
  bytes: number;
  /** Its files, and the folders that are made for them. */
  entries: number;
  /** How many times its own size an archive may unpack to; what unpacks to less than 64 MiB may exceed it. */
  ratio: number;
}

/** Texts of numbers pack a hundredfold at most; only runs of one byte come near deflate's own bound of 1,032. */
export const MAX_RATIO = 200;
/** Honest small files may be nothing but zeros. */
const FREE_BYTES = 64 * 1024 ** 2;
const MAX_SHOWN = 120;
/** Longer paths are not made by people, and each folder of one costs as much as a file. */
const MAX_DEPTH = 64;

/** An archive must not or cannot be unpacked; `message` goes on a sentence that begins with `the archive`. */
export class Unfit extends Error {
  override readonly name = 'Unfit';
}

/** A name of a stranger for a message: on one line and not long. */
export const shown = (name: string): string => {
  const plain = name.replaceAll(/\p{C}/gu, '�');
  return plain.length > MAX_SHOWN ? `${plain.slice(0, MAX_SHOWN)}…` : plain;
};

export type Guard = ReturnType<typeof createGuard>;

/** Counts what an archive of `sizeBytes` unpacks to. Throws Unfit at the first excess. */
export const createGuard = ({ bytes, entries, ratio }: Bounds, sizeBytes: number) => {
  const byRatio = Math.max(FREE_BYTES, ratio * sizeBytes);
  let bytesLeft = Math.min(bytes, byRatio);
  let entriesLeft = entries;
  return {
    /** One more entry, or folder on the way to one. */
    count: (): void => {
      entriesLeft -= 1;
      if (entriesLeft < 0) {
        throw new Unfit(`has more than ${entries} files and folders`);
      }
    },
    /** Throws if its list of entries alone says too much. */
    claim: (count: number): void => {
      if (count > entries) {
        throw new Unfit(`has more than ${entries} files and folders`);
      }
    },
    grow: (more: number): void => {
      bytesLeft -= more;
      if (bytesLeft < 0) {
        throw new Unfit(
          bytes <= byRatio
            ? `unpacks to more than ${bytes} bytes`
            : `unpacks to more than ${ratio} times its own size`,
        );
      }
    },
  };
};

/** The path below the folder that an entry names. Throws Unfit if it leads out. */
export const pathOf = (name: string): string => {
  const path = normalize(name);
  const steps = path.split(sep);
  if (name.includes('\0') || path.startsWith('/') || steps.includes('..')) {
    throw new Unfit(`leads out of its folder with ${shown(name)}`);
  }
  if (steps.length > MAX_DEPTH) {
    throw new Unfit(`has folders in more than ${MAX_DEPTH} folders`);
  }
  return path;
};
