import { BlobSASPermissions, SASProtocol, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { AzureContainer } from './azure.ts';

/**
 * A URL that lets whoever has it read one blob, or store one under a name that has none (it cannot replace anything).
 * Undefined when the connection string holds no account key to sign with.
 */
export const signUrl = async (
  container: AzureContainer,
  name: string,
  verb: 'GET' | 'PUT',
  expireTime: Date,
): Promise<string | undefined> => {
  const { client } = container;
  if (!(client.credential instanceof StorageSharedKeyCredential)) return undefined;
  // Whoever PUTs cannot make the container.
  if (verb === 'PUT') await container.ready();
  return client.getBlobClient(name).generateSasUrl({
    permissions: BlobSASPermissions.parse(verb === 'GET' ? 'r' : 'c'),
    expiresOn: expireTime,
    protocol: client.url.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
  });
};
