import type { Logger } from '#libs/telemetry/index.ts';
import type { StoredObject } from './store/objects.ts';

/** The events of this service for its log: one function per event, each with the log of its request. */
export interface Events {
  uploadStored(
    log: Logger,
    upload: { name: string; sha256: string; sizeBytes: number; outcome: 'stored' | 'same' },
  ): void;
  blobDeleted(log: Logger, name: string): void;
  /** Never logs the URL, which is a secret. */
  urlSigned(log: Logger, name: string, verb: 'GET' | 'PUT'): void;
  objectCreated(log: Logger, object: StoredObject): void;
  objectDeleted(log: Logger, object: StoredObject): void;
}

export const logEvents = (): Events => ({
  uploadStored: (log, { name, sha256, sizeBytes, outcome }) =>
    log.info(
      { blob: name, sha256, sizeBytes },
      outcome === 'stored' ? 'upload stored' : 'upload was stored before',
    ),
  blobDeleted: (log, name) => log.info({ blob: name }, 'blob deleted'),
  urlSigned: (log, name, verb) => log.info({ blob: name, verb }, 'url signed'),
  objectCreated: (log, { id, customer, blobName, sizeBytes }) =>
    log.info({ object: id, customer, blob: blobName, sizeBytes }, 'object created'),
  objectDeleted: (log, { id, customer, blobName }) =>
    log.info({ object: id, customer, blob: blobName }, 'object deleted'),
});
