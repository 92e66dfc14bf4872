import type { BlobInfo, Object as ObjectMessage, Project } from '#libs/contracts/blob.ts';
import type { StoredBlob } from '../store/entries.ts';
import type { StoredObject, StoredProject } from '../store/objects.ts';

export const blobToProto = ({ name, sizeBytes, sha256, createTime }: StoredBlob): BlobInfo => ({
  blobName: name,
  sizeBytes,
  sha256: sha256 ?? '',
  createTime,
});

export const objectToProto = (object: StoredObject): ObjectMessage => ({
  objectId: object.id,
  customerId: object.customer,
  fileName: object.fileName,
  blobName: object.blobName,
  sizeBytes: object.sizeBytes,
  sha256: object.sha256,
  createTime: object.createTime,
  project: object.project && projectToProto(object.project),
});

const projectToProto = ({ mainBlob, ...project }: StoredProject): Project => ({
  ...project,
  mainBlobName: mainBlob,
});
