import { createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { extract, type ReadEntry } from 'tar';
import { fromFd, type Entry, type ZipFile } from 'yauzl';
import { DomainError, status } from '#libs/errors/index.ts';

/** Bounds on what an archive unpacks to. */
export interface Bounds {
  /** All its files together, unpacked. */
  bytes: number;
  entries: number;
}

/** FAILED_PRECONDITION `ARCHIVE_UNFIT`: the archive must not or cannot be unpacked. */
const archiveUnfit = (why: string, cause?: unknown): DomainError =>
  new DomainError(
    status.FAILED_PRECONDITION,
    'ARCHIVE_UNFIT',
    `the archive ${why}; pack it anew as .tar, .tar.gz or .zip, with plain files and folders only and without a password`,
    {},
    { cause },
  );

/** Counts entries and bytes. Throws ARCHIVE_UNFIT for an entry that must not be unpacked. */
const createGuard = ({ bytes, entries }: Bounds) => {
  let bytesLeft = bytes;
  let entriesLeft = entries;
  return {
    entry: (name: string, isPlain: boolean): void => {
      if (!isPlain) {
        throw archiveUnfit(`has ${name} in it, which is neither a file nor a folder`);
      }
      const path = normalize(name);
      if (name.includes('\0') || path.startsWith('/') || path.split(sep).includes('..')) {
        throw archiveUnfit(`leads out of its folder with ${name}`);
      }
      entriesLeft -= 1;
      if (entriesLeft < 0) {
        throw archiveUnfit(`has more than ${entries} files`);
      }
    },
    grow: (more: number): void => {
      bytesLeft -= more;
      if (bytesLeft < 0) {
        throw archiveUnfit(`unpacks to more than ${bytes} bytes`);
      }
    },
  };
};

type Guard = ReturnType<typeof createGuard>;

/**
 * Unpacks a zip file, or a tar file that may be compressed, into an empty folder. Throws ARCHIVE_UNFIT if it contains
 * links or devices, leads out of the folder, is damaged, or exceeds the bounds. What it has unpacked by then stays in
 * the folder.
 */
export const unpack = async (file: string, into: string, bounds: Bounds): Promise<void> => {
  const guard = createGuard(bounds);
  const head = Buffer.alloc(4);
  await using handle = await open(file, 'r');
  await handle.read(head, 0, head.length, 0);
  try {
    if (head.toString('latin1') === 'PK\x03\x04') {
      await unpackZip(handle.fd, into, guard);
    } else {
      await unpackTar(file, into, guard);
    }
  } catch (thrown) {
    if (thrown instanceof DomainError) {
      throw thrown;
    }
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw archiveUnfit(`cannot be unpacked (${why})`, thrown);
  }
};

const unpackTar = async (file: string, into: string, guard: Guard): Promise<void> => {
  let found = 0;
  let unfit: unknown;
  const isFit = (path: string, entry: ReadEntry): boolean => {
    try {
      guard.entry(
        path,
        ['File', 'OldFile', 'ContiguousFile', 'Directory', 'GNUDumpDir'].includes(entry.type),
      );
      guard.grow(entry.size);
      found += 1;
      return true;
    } catch (thrown) {
      unfit ??= thrown;
      return false;
    }
  };
  await extract({
    file,
    cwd: into,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter: (path, entry) => unfit === undefined && isFit(path, entry as ReadEntry),
  });
  if (unfit !== undefined) {
    throw unfit as Error;
  }
  if (found === 0) {
    throw archiveUnfit('has nothing in it, or is no archive');
  }
};

const S_IFMT = 0o170_000;
const PLAIN = [0, 0o100_000, 0o040_000];

/** Controls of a name, where the code page 437 of zip files has pictures: `◙` for a line end. */
const nameOf = ({ fileName, fileNameRaw }: Entry): string =>
  fileName.length === fileNameRaw.length
    ? Array.from(fileNameRaw, (byte, i) =>
        byte < 0x20 || byte === 0x7f ? String.fromCharCode(byte) : fileName.charAt(i),
      ).join('')
    : fileName;

const unpackZip = async (fd: number, into: string, guard: Guard): Promise<void> => {
  const openZip = promisify<number, object, ZipFile>(fromFd);
  // Packers of Windows may write `tex\\bark.png`, which means a folder.
  const zip = await openZip(fd, { autoClose: false, lazyEntries: true, strictFileNames: false });
  const openEntry = promisify(
    (entry: Entry, done: (error: Error | null, stream: Readable) => void) =>
      zip.openReadStream(entry, done),
  );
  const entries = Promise.withResolvers<void>();
  const one = async (entry: Entry): Promise<void> => {
    const fileName = nameOf(entry);
    if (entry.isEncrypted()) {
      throw archiveUnfit('is encrypted');
    }
    guard.entry(fileName, PLAIN.includes((entry.externalFileAttributes >>> 16) & S_IFMT));
    const path = join(into, fileName);
    if (fileName.endsWith('/')) {
      return void (await mkdir(path, { recursive: true }));
    }
    await mkdir(dirname(path), { recursive: true });
    const stream = await openEntry(entry);
    // It counts the unpacked bytes, because the sizes in the archive may be wrong.
    stream.on('data', (chunk: Buffer) => {
      try {
        guard.grow(chunk.length);
      } catch (thrown) {
        stream.destroy(thrown as Error);
      }
    });
    await pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 })).catch(
      (error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? archiveUnfit(`has ${fileName} twice`, error) : error;
      },
    );
  };
  zip.on('entry', (entry: Entry) => void one(entry).then(() => zip.readEntry(), entries.reject));
  zip.on('end', () => entries.resolve());
  zip.on('error', entries.reject);
  zip.readEntry();
  await entries.promise;
};
