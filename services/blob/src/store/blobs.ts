import { BlobSASPermissions, SASProtocol, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { Secret } from '#libs/auth/index.ts';
import type { ByteRange } from '../domain/range.ts';
import { openContainer, type AzureOptions, type AzureContainer } from './azure.ts';
import { deleteBlob, statBlob, type BlobDetails, type StoredBlob } from './entries.ts';
import { createGate } from './gate.ts';
import { listBlobs, type BlobPage, type ListAsk } from './listing.ts';
import { readBlob, type OpenBlob } from './reading.ts';
import { sealBlob } from './sealing.ts';
import { writeBlob, type WriteOptions, type Written } from './writing.ts';

export type { BlobDetails, BlobPage, ListAsk, OpenBlob, StoredBlob, WriteOptions, Written };

/** All stored bytes; those of a name never change. While the storage is away, all methods reject with UNAVAILABLE `blob storage`. */
export interface Blobs {
  write(name: string, chunks: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<Written>;
  /** Undefined: no such blob. Rejects with OUT_OF_RANGE if the range begins at or after the end. */
  read(name: string, range: ByteRange, signal: AbortSignal): Promise<OpenBlob | undefined>;
  /** Undefined: no such blob. */
  stat(name: string, signal: AbortSignal): Promise<BlobDetails | undefined>;
  /** Computes and stores the hash of a blob that came by upload URL. Undefined: no such blob. */
  seal(name: string, signal: AbortSignal): Promise<BlobDetails | undefined>;
  list(ask: ListAsk, signal: AbortSignal): Promise<BlobPage>;
  /** Succeeds even if there is none. */
  delete(name: string, signal: AbortSignal): Promise<void>;
  /** Undefined if the connection string holds no account key. */
  signUrl(name: string, verb: 'GET' | 'PUT', expireTime: Date): Promise<string | undefined>;
}

interface BlobsOptions extends AzureOptions {
  /** The secret that seals the hash of a blob. */
  meshSecret: Secret;
  /** How many uploads may hold buffers (up to 8 MiB each) at once; the others wait. */
  maximumUploads: number;
}

export const openBlobs = (options: BlobsOptions): Blobs => {
  const { meshSecret } = options;
  const container = openContainer(options);
  const uploads = createGate(options.maximumUploads);
  return {
    write: (name, chunks, write) =>
      uploads.pass(write.signal, () => writeBlob(container, meshSecret, name, chunks, write)),
    read: (name, range, signal) => readBlob(container, meshSecret, name, range, signal),
    stat: (name, signal) => statBlob(container, meshSecret, name, signal),
    seal: (name, signal) => sealBlob(container, meshSecret, name, signal),
    list: (ask, signal) => listBlobs(container, meshSecret, ask, signal),
    delete: (name, signal) => deleteBlob(container, name, signal),
    signUrl: (name, verb, expireTime) => signUrl(container, name, verb, expireTime),
  };
};

/** A URL to read a blob, or to store one under an unused name. Undefined if the connection string holds no account key. */
const signUrl = async (
  container: AzureContainer,
  name: string,
  verb: 'GET' | 'PUT',
  expireTime: Date,
): Promise<string | undefined> => {
  const { client } = container;
  if (!(client.credential instanceof StorageSharedKeyCredential)) {
    return undefined;
  }
  // A client that PUTs cannot make the container.
  if (verb === 'PUT') {
    await container.ready();
  }
  return client.getBlobClient(name).generateSasUrl({
    permissions: BlobSASPermissions.parse(verb === 'GET' ? 'r' : 'c'),
    expiresOn: expireTime,
    protocol: client.url.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
  });
};
