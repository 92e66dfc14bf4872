/** The agreements of all parts of the mesh: how things are named, and how requests are checked. Pure. */
export * from './bounds.ts';
export {
  type AttemptBlobName,
  type AttemptPath,
  type BlobName,
  formatBlobName,
  isExtension,
  isManifest,
  isOfAttempt,
  MANIFEST_EXTENSION,
  type ManifestName,
  MAX_BLOB_NAME_CHARS,
  MAX_CHECKPOINT,
  parseBlobName,
} from './blob-name.ts';
export { isFileEnding, MAX_ENDING_CHARS, MAX_FURTHER_FILES } from './file-ending.ts';
export { durationFromProto, durationToProto } from './duration.ts';
export { formatAttemptId, isAttemptId, isId, isSha256 } from './ids.ts';
export { plural } from './plural.ts';
export {
  clashAmong,
  isFolderOf,
  isPathBefore,
  isProjectPath,
  isRelativePath,
} from './project-path.ts';
export { isServiceName, SERVICE_NAME_RULE, serviceNames, type ServiceName } from './services.ts';
export * from './subjects.ts';
export { type BusRights, busRights, type BusService, busServices, inboxPrefix } from './traffic.ts';
export { formatTaskKey, isNode, isTaskKey, parseTaskKey, type TaskKey } from './task-key.ts';
export { checkRequestId, collectViolations, requireText, type Violations } from './violations.ts';
