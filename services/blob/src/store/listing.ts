import type { AzureContainer } from './azure.ts';
import { asking, unlessMissing } from './azure-errors.ts';
import { untouchedMs, type StoredBlob } from './entries.ts';
import { provenSha256 } from './seal.ts';

export interface ListAsk {
  /** The beginning of the names. */
  prefix: string;
  pageSize: number;
  /** The marker of the page before; undefined for the first page. */
  marker: string | undefined;
}

interface BlobPage {
  /** In name order. */
  blobs: StoredBlob[];
  /** Where the next page begins; undefined at the end. */
  marker: string | undefined;
}

/** One page of the blobs whose names begin with the prefix. Blocks without a commit are no blobs. */
export const listBlobs = async (
  container: AzureContainer,
  { prefix, pageSize, marker }: ListAsk,
  signal: AbortSignal,
): Promise<BlobPage> => {
  // Without a container, nothing was ever stored.
  const page = await unlessMissing(
    asking(signal, async (abortSignal) => {
      const pages = container.client
        .listBlobsFlat({ prefix, includeMetadata: true, abortSignal })
        .byPage({
          maxPageSize: pageSize,
          ...(marker === undefined ? {} : { continuationToken: marker }),
        });
      const first = await pages.next();
      return first.done === true ? undefined : first.value;
    }),
  );
  const items = page?.segment.blobItems ?? [];
  return {
    blobs: items.map(({ name, metadata, properties }) => {
      const sizeBytes = properties.contentLength ?? 0;
      return {
        name,
        sizeBytes,
        sha256: provenSha256(container.secret, name, sizeBytes, metadata),
        createTime: properties.createdOn ?? properties.lastModified,
        untouchedMs: untouchedMs(container, {
          ...(page?.date && { date: page.date }),
          lastModified: properties.lastModified,
        }),
        version: properties.etag,
      };
    }),
    marker: page?.continuationToken || undefined,
  };
};
