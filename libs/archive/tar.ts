import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { type Guard, pathOf, shown, Unfit } from './bounds.ts';
import type { Writer } from './writer.ts';

const CHUNK_BYTES = 64 * 1024;
/** Names of Linux have at most 4 KiB. */
const MAX_HEAD_BYTES = 64 * 1024;
/** zstd's own default: more is only packed by request. 128 MiB. */
const MAX_WINDOW_LOG = 27;
const FILES = ['File', 'OldFile', 'ContiguousFile'];
const FOLDERS = ['Directory', 'GNUDumpDir'];
const SPARSE = /(^|\n)\d{1,8} GNU\.sparse\./;

export type Packing = 'none' | 'gzip' | 'zstd';

/** How bytes are packed, by how they begin. */
export const packingOf = (head: Uint8Array): Packing => {
  if (head[0] === 0x1f && head[1] === 0x8b) {
    return 'gzip';
  }
  const isZstd = [0x28, 0xb5, 0x2f, 0xfd].every((byte, i) => head[i] === byte);
  return isZstd ? 'zstd' : 'none';
};

/** The bytes of a tar. Node's streams unpack no more of it than is read. */
const bytesOf = (file: string, packing: Packing): AsyncIterable<Buffer> => {
  const packed = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  if (packing === 'none') {
    return packed;
  }
  const options = { chunkSize: CHUNK_BYTES };
  const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
  const unpacker =
    packing === 'gzip' ? createGunzip(options) : createZstdDecompress({ ...options, params });
  packed.on('error', (error) => unpacker.destroy(error));
  return packed.pipe(unpacker).on('close', () => packed.destroy());
};

/** Writes what a tar holds. Throws Unfit, or what the parser or the disk says. */
export const unpackTar = async (
  file: string,
  packing: Packing,
  writer: Writer,
  guard: Guard,
): Promise<void> => {
  let unfit: unknown;
  let found = 0;
  let isOver = false;
  /** An error that is thrown in the parser would leave it in the middle of its work. */
  const guarded =
    <Args extends unknown[]>(work: (...args: Args) => void) =>
    (...args: Args): void => {
      try {
        if (unfit === undefined) {
          work(...args);
        }
      } catch (thrown) {
        unfit = thrown;
      }
    };
  const parser = new Parser({ strict: true, maxMetaEntrySize: MAX_HEAD_BYTES });
  const take = guarded((entry: ReadEntry) => {
    guard.count();
    const path = pathOf(entry.path);
    found += 1;
    if (FOLDERS.includes(entry.type)) {
      return writer.folder(path);
    }
    if (!FILES.includes(entry.type)) {
      throw new Unfit(`has ${shown(entry.path)} in it, which is neither a file nor a folder`);
    }
    writer.file(path);
    entry.on(
      'data',
      guarded((chunk: Buffer) => writer.write(chunk)),
    );
  });
  parser.on('entry', (entry: ReadEntry) => {
    take(entry);
    entry.resume();
  });
  const refuse = guarded((entry: ReadEntry) => {
    throw new Unfit(
      entry.meta
        ? `has a name or a head of more than ${MAX_HEAD_BYTES} bytes`
        : `has ${shown(entry.path)} in it, which is neither a file nor a folder`,
    );
  });
  parser.on('ignoredEntry', refuse);
  const checkHead = guarded((head: string) => {
    if (SPARSE.test(head)) {
      throw new Unfit('has a file with holes in it');
    }
  });
  parser.on('meta', checkHead);
  parser.on('error', (thrown: unknown) => {
    unfit ??= thrown;
  });
  parser.on('eof', () => {
    isOver = true;
  });
  let isFirst = true;
  for await (const chunk of bytesOf(file, packing)) {
    guard.grow(chunk.length);
    // The parser would unpack it itself, in memory and at once.
    if (isFirst && packingOf(chunk) !== 'none') {
      throw new Unfit('is packed twice');
    }
    isFirst = false;
    // It keeps what comes after the end.
    if (!isOver && !parser.write(chunk)) {
      await once(parser, 'drain');
    }
    if (unfit !== undefined) {
      throw unfit as Error;
    }
  }
  if (!isOver) {
    parser.end();
  }
  if (unfit !== undefined) {
    throw unfit as Error;
  }
  if (found === 0) {
    throw new Unfit('has nothing in it, or is no archive');
  }
};
