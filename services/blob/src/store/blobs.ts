import { BlobSASPermissions, SASProtocol, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { ByteRange } from '../domain/range.ts';
import type { Measured } from '../domain/upload-rules.ts';
import { openContainer, type AzureOptions, type AzureContainer } from './azure.ts';
import { copiesUnasked } from './copy-probe.ts';
import { deleteBlob, statBlob, touchBlob } from './entries.ts';
import { listBlobs, type ListAsk } from './listing.ts';
import { readBlob } from './reading.ts';
import { sealBlob } from './sealing.ts';
import { discardStaged } from './staged.ts';
import { writeBlob, type WriteOptions } from './writing.ts';

/** All stored bytes; those of a name never change. While the storage is away, all methods reject with UNAVAILABLE `blob storage`. */
export type Blobs = ReturnType<typeof openBlobs>;

export const openBlobs = (options: AzureOptions) => {
  const container = openContainer(options);
  const isUnguarded = createProbe(container);
  return {
    write: (name: string, chunks: AsyncIterable<Uint8Array>, write: WriteOptions) =>
      writeBlob(container, name, chunks, write),
    /** Undefined: no such blob. Rejects with OUT_OF_RANGE if the range begins at or after the end. */
    read: (name: string, range: ByteRange, signal: AbortSignal) =>
      readBlob(container, name, range, signal),
    /** Undefined: no such blob. */
    stat: (name: string, signal: AbortSignal) => statBlob(container, name, signal),
    /** Computes and stores the hash of a blob that came by upload URL. Undefined: no such blob. */
    seal: (name: string, signal: AbortSignal) => sealBlob(container, name, signal),
    list: (ask: ListAsk, signal: AbortSignal) => listBlobs(container, ask, signal),
    /** Removes what is staged under a name, unless it became a whole blob. */
    discard: (name: string, signal: AbortSignal) => discardStaged(container, name, signal),
    /** Succeeds even if there is none. False: it has another version than the given one, and stays. */
    delete: (name: string, signal: AbortSignal, version?: string) =>
      deleteBlob(container, name, signal, version),
    /** Makes a blob's version and its time new. Its bytes stay. False: there is none. */
    touch: (blob: { name: string } & Measured, signal: AbortSignal) =>
      touchBlob(container, blob, signal),
    /** A URL that reads one blob. Undefined if the connection string holds no account key. */
    urlToRead: (name: string, expireTime: Date) => signUrl(container, name, 'r', expireTime),
    /** A URL that stores one blob under an unused name; or why there is none. */
    urlToCreate: async (
      name: string,
      expireTime: Date,
      signal: AbortSignal,
    ): Promise<{ url: string } | { refused: 'no-key' | 'copies-unasked' }> => {
      const url = await signUrl(container, name, 'c', expireTime);
      if (url === undefined) {
        return { refused: 'no-key' };
      }
      // A client that PUTs cannot make the container.
      await container.ready();
      return (await isUnguarded(signal)) ? { refused: 'copies-unasked' } : { url };
    },
  };
};

/** Asks the storage once whether it guards the sources of copies, and again after a failure. */
const createProbe = (container: AzureContainer): ((signal: AbortSignal) => Promise<boolean>) => {
  let known: boolean | undefined;
  const create = async (name: string): Promise<string> =>
    (await signUrl(container, name, 'c', new Date(Date.now() + PROBE_MS))) ?? '';
  return async (signal) => (known ??= await copiesUnasked(container, create, signal));
};

const PROBE_MS = 3_600_000;

/** Undefined if the connection string holds no account key. `c` only makes new blobs, `r` only reads. */
const signUrl = async (
  { client }: AzureContainer,
  name: string,
  permission: 'r' | 'c',
  expireTime: Date,
): Promise<string | undefined> =>
  client.credential instanceof StorageSharedKeyCredential
    ? client.getBlobClient(name).generateSasUrl({
        permissions: BlobSASPermissions.parse(permission),
        expiresOn: expireTime,
        protocol: client.url.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
      })
    : undefined;
