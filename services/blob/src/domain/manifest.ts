import {
  PartManifestChunk,
  PartManifestHead,
  type PartFile,
  type PartManifestFile,
} from '#libs/contracts/blob.ts';
import {
  isFolderOf,
  isPathBefore,
  isRelativePath,
  isSha256,
  MAX_PARTS,
  MAX_PARTS_PER_MESSAGE,
} from '#libs/mesh/index.ts';

/** 100,000 files may have paths of 280 bytes on average. Bounds what a commit holds in memory. */
export const MAX_MANIFEST_BYTES = 32 * 1024 ** 2;

/** What a file takes beside its path, at most. */
const FILE_BYTES = 56;
const LENGTH_BYTES = 4;

export type Manifest = ReturnType<typeof createManifest>;

/** A manifest that grows by a file at a time, in the order of paths. */
export const createManifest = () => {
  const chunks: Uint8Array[] = [];
  /** The length of each part, by its hash. */
  const parts = new Map<string, number>();
  let filling: PartManifestFile[] = [];
  let last: string | undefined;
  let totalFiles = 0;
  let totalBytes = 0;
  let manifestBytes = 0;
  const seal = (): void => {
    chunks.push(PartManifestChunk.encode({ files: filling }).finish());
    filling = [];
  };
  return {
    parts,
    totalFiles: (): number => totalFiles,
    /** Answers what is wrong with the file, and of which field; undefined: it was added. */
    add({ path, sha256, sizeBytes }: PartFile): { field: string; description: string } | undefined {
      const wrong =
        wrongPath(path, last) ??
        wrongPart(parts, sha256, sizeBytes) ??
        wrongBound(totalFiles, manifestBytes + path.length, totalBytes + sizeBytes);
      if (wrong !== undefined) {
        return wrong;
      }
      last = path;
      totalFiles += 1;
      totalBytes += sizeBytes;
      manifestBytes += Buffer.byteLength(path) + FILE_BYTES;
      if (sha256 !== '') {
        parts.set(sha256, sizeBytes);
      }
      filling.push({ path, sha256: Buffer.from(sha256, 'hex'), sizeBytes });
      if (filling.length === MAX_PARTS_PER_MESSAGE) {
        seal();
      }
      return undefined;
    },
    /** Its bytes, in pieces. Nothing can be added after that. */
    finish(): Uint8Array[] {
      if (filling.length > 0) {
        seal();
      }
      const chunkBytes = chunks.map(({ length }) => length);
      const head = PartManifestHead.encode({ totalFiles, totalBytes, chunkBytes }).finish();
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(head.length);
      return [length, head, ...chunks];
    },
  };
};

const wrongPath = (path: string, last: string | undefined) => {
  const wrong = (description: string) => ({ field: 'path', description });
  if (!isRelativePath(path)) {
    return wrong(
      'relative, at most 1,024 bytes and 64 parts, no control characters, none empty, `.` or `..`',
    );
  }
  if (last === undefined) {
    return undefined;
  }
  if (path === last || isFolderOf(last, path)) {
    return wrong(`each path once, and none a folder of another: ${last}`);
  }
  return isPathBefore(last, path)
    ? undefined
    : wrong(`in the order of folders and names, so not after ${last}`);
};

const wrongPart = (parts: ReadonlyMap<string, number>, sha256: string, sizeBytes: number) => {
  if (sha256 !== '' && !isSha256(sha256)) {
    return { field: 'sha256', description: '64 lower-case hexadecimal digits' };
  }
  if ((sha256 === '') !== (sizeBytes === 0)) {
    return { field: 'sha256', description: 'empty if and only if the file is' };
  }
  return (parts.get(sha256) ?? sizeBytes) === sizeBytes
    ? undefined
    : { field: 'size_bytes', description: 'the same for the same hash' };
};

const wrongBound = (files: number, manifestBytes: number, totalBytes: number) => {
  if (files >= MAX_PARTS) {
    return { field: '', description: `at most ${MAX_PARTS} files` };
  }
  if (manifestBytes > MAX_MANIFEST_BYTES) {
    return { field: '', description: `at most ${MAX_MANIFEST_BYTES} bytes of paths and hashes` };
  }
  return Number.isSafeInteger(totalBytes)
    ? undefined
    : { field: 'size_bytes', description: 'less than 2^53 bytes together' };
};

/** Where the chunks of a stored manifest are. */
export interface ManifestHead {
  totalFiles: number;
  totalBytes: number;
  chunks: { offset: number; length: number }[];
}

/** No head is longer. */
export const MAX_HEAD_BYTES = 1_024;

/** Reads the first bytes of a manifest; undefined if it is damaged. */
export const readHead = (bytes: Buffer): ManifestHead | undefined => {
  const end = bytes.length < LENGTH_BYTES ? 0 : LENGTH_BYTES + bytes.readUInt32BE();
  if (end === 0 || end > Math.min(bytes.length, MAX_HEAD_BYTES)) {
    return undefined;
  }
  const head = decoded(() => PartManifestHead.decode(bytes.subarray(LENGTH_BYTES, end)));
  if (head?.chunkBytes.length !== Math.ceil((head?.totalFiles ?? 0) / MAX_PARTS_PER_MESSAGE)) {
    return undefined;
  }
  let offset = end;
  const chunks = head.chunkBytes.map((length) => {
    const chunk = { offset, length };
    offset += length;
    return chunk;
  });
  return { totalFiles: head.totalFiles, totalBytes: head.totalBytes, chunks };
};

/** Reads a chunk of a manifest; undefined if it is damaged. */
export const readChunk = (bytes: Uint8Array): PartFile[] | undefined =>
  decoded(() => PartManifestChunk.decode(bytes))?.files.map(({ path, sha256, sizeBytes }) => ({
    path,
    sha256: sha256.toString('hex'),
    sizeBytes,
  }));

const decoded = <T>(decode: () => T): T | undefined => {
  try {
    return decode();
  } catch {
    return undefined;
  }
};
