import { BlobSASPermissions, SASProtocol, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { AzureContainer } from './azure.ts';

/**
 * A URL with which its holder can read one blob, or store one under an unused name (it cannot replace anything).
 * Undefined if the connection string holds no account key to sign with.
 */
export const signUrl = async (
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
