import { BlobSASPermissions, SASProtocol, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { ByteRange } from '../domain/range.ts';
import { openContainer, type AzureOptions, type AzureContainer } from './azure.ts';
import { deleteBlob, statBlob } from './entries.ts';
import { listBlobs, type ListAsk } from './listing.ts';
import { readBlob } from './reading.ts';
import { sealBlob } from './sealing.ts';
import { writeBlob, type WriteOptions } from './writing.ts';

/** All stored bytes; those of a name never change. While the storage is away, all methods reject with UNAVAILABLE `blob storage`. */
export type Blobs = ReturnType<typeof openBlobs>;

export const openBlobs = (options: AzureOptions) => {
  const container = openContainer(options);
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
    /** Succeeds even if there is none. */
    delete: (name: string, signal: AbortSignal) => deleteBlob(container, name, signal),
    /** Undefined if the connection string holds no account key. */
    signUrl: (name: string, verb: 'GET' | 'PUT', expireTime: Date) =>
      signUrl(container, name, verb, expireTime),
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
