import type { BlobInfo } from '#libs/contracts/blob.ts';
import type { StoredBlob } from '../store/blobs.ts';

export const blobToProto = ({ name, sizeBytes, sha256, createTime }: StoredBlob): BlobInfo => ({
  blobName: name,
  sizeBytes,
  sha256: sha256 ?? '',
  createTime,
});
