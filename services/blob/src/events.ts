import type { Logger } from '#libs/telemetry/index.ts';
import type { StoredObject } from './store/objects.ts';

/** The events of this service for its log: one function per event, each with the log of its request. */
export type Events = ReturnType<typeof logEvents>;

interface StoredUpload {
  name: string;
  sha256: string;
  sizeBytes: number;
  outcome: 'stored' | 'same';
}

export const logEvents = () => ({
  uploadStored: (log: Logger, { name, sha256, sizeBytes, outcome }: StoredUpload): void =>
    log.info(
      { blob: name, sha256, sizeBytes },
      outcome === 'stored' ? 'upload stored' : 'upload was stored before',
    ),
  partsCommitted: (log: Logger, name: string, files: number): void =>
    log.info({ blob: name, files }, 'parts committed'),
  partsKept: (log: Logger, workload: string, removed: number): void =>
    log.info({ workload, removed }, 'parts and checkpoints that nobody needs were removed'),
  blobDeleted: (log: Logger, name: string): void => log.info({ blob: name }, 'blob deleted'),
  /** Never logs the URL, which is a secret. */
  urlSigned: (log: Logger, name: string, verb: 'GET' | 'PUT'): void =>
    log.info({ blob: name, verb }, 'url signed'),
  objectCreated: (log: Logger, { id, customer, blobName, sizeBytes }: StoredObject): void =>
    log.info({ object: id, customer, blob: blobName, sizeBytes }, 'object created'),
  objectDeleted: (log: Logger, { id, customer, blobName }: StoredObject): void =>
    log.info({ object: id, customer, blob: blobName }, 'object deleted'),
});
