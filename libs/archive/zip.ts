import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { fromFd, type Entry, type ZipFile } from 'yauzl';
import { type Guard, pathOf, shown, Unfit } from './bounds.ts';
import type { Writer } from './writer.ts';

const S_IFMT = 0o170_000;
const PLAIN = [0, 0o100_000, 0o040_000];
/** The head of a file in a zip without its name and extras, which two places of the archive may tell differently. */
const HEAD_BYTES = 30;
const ENTRY_MAGIC = 0x02014b50;

/** Controls of a name, where the code page 437 of zip files has pictures: `◙` for a line end. */
const nameOf = ({ fileName, fileNameRaw }: Entry): string =>
  fileName.length === fileNameRaw.length
    ? Array.from(fileNameRaw, (byte, i) =>
        byte < 0x20 || byte === 0x7f ? String.fromCharCode(byte) : fileName.charAt(i),
      ).join('')
    : fileName;

/** Sees that no two entries share bytes: a small zip could list one large file a million times, under as many names. */
const createRanges = (sizeBytes: number) => {
  const ranges: [start: number, end: number][] = [];
  let bytesLeft = sizeBytes;
  const overlap = () => new Unfit('has files that share their bytes');
  return {
    /** Throws at once if all entries together have more bytes than the archive. */
    add: ({ relativeOffsetOfLocalHeader: start, compressedSize }: Entry): void => {
      const length = HEAD_BYTES + compressedSize;
      bytesLeft -= length;
      if (bytesLeft < 0) {
        throw overlap();
      }
      ranges.push([start, start + length]);
    },
    check: (): void => {
      let reached = 0;
      for (const [start, end] of ranges.sort(([a], [b]) => a - b)) {
        if (start < reached) {
          throw overlap();
        }
        reached = end;
      }
    },
  };
};

/** The entries that the list at its end names. Throws Unfit if that has more of them than it says. */
async function* entriesOf(zip: ZipFile, handle: FileHandle): AsyncGenerator<Entry> {
  for (;;) {
    const next = Promise.withResolvers<Entry | undefined>();
    zip.once('entry', next.resolve).once('end', () => next.resolve(undefined));
    zip.once('error', next.reject);
    zip.readEntry();
    const entry = await next.promise;
    zip.removeAllListeners();
    zip.on('error', () => undefined);
    if (entry === undefined) {
      break;
    }
    yield entry;
  }
  const after = Buffer.alloc(4);
  // Its type is wrong: it is the offset at which the next entry would be.
  await handle.read(after, 0, after.length, Number(zip.readEntryCursor));
  if (after.readUInt32LE(0) === ENTRY_MAGIC) {
    throw new Unfit('has more files than it says');
  }
}

/** Writes what a zip holds. Throws Unfit, or what the reader or the disk says. */
export const unpackZip = async (
  handle: FileHandle,
  sizeBytes: number,
  writer: Writer,
  guard: Guard,
): Promise<void> => {
  const openZip = promisify<number, object, ZipFile>(fromFd);
  // Packers of Windows may write `tex\\bark.png`, which means a folder.
  const options = { autoClose: false, lazyEntries: true, strictFileNames: false };
  const zip = await openZip(handle.fd, options);
  guard.claim(zip.entryCount);
  const openEntry = promisify(
    (entry: Entry, done: (error: Error | null, stream: Readable) => void) =>
      zip.openReadStream(entry, done),
  );
  const ranges = createRanges(sizeBytes);
  for await (const entry of entriesOf(zip, handle)) {
    guard.count();
    const name = nameOf(entry);
    if (entry.isEncrypted()) {
      throw new Unfit('is encrypted');
    }
    if (!PLAIN.includes((entry.externalFileAttributes >>> 16) & S_IFMT)) {
      throw new Unfit(`has ${shown(name)} in it, which is neither a file nor a folder`);
    }
    const path = pathOf(name);
    ranges.add(entry);
    if (name.endsWith('/')) {
      writer.folder(path);
      continue;
    }
    writer.file(path);
    // The unpacked bytes are counted, because the sizes in the archive may be wrong.
    for await (const chunk of (await openEntry(entry)) as AsyncIterable<Buffer>) {
      guard.grow(chunk.length);
      writer.write(chunk);
    }
  }
  ranges.check();
};
