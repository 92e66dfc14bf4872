import { blobTag, workloadKey, type Secret } from '#libs/auth/index.ts';
import { formatBlobName, isOfAttempt, parseBlobName } from '#libs/mesh/index.ts';
import type { AcceptedResult } from '../domain/state/entries.ts';

/**
 * The blob of the preview or the log of an accepted result. The journal has no word of it, because nothing depends on it; its name
 * follows from the attempt and from the name of the result.
 */
export const keepsakeBlob = (
  meshSecret: Secret,
  workload: string,
  kind: 'preview' | 'log',
  { task, generation, attempt, blob }: AcceptedResult,
): string => {
  const path = { workload, task, generation, attempt };
  const result = parseBlobName(blob);
  if (result === undefined || !isOfAttempt(result)) {
    const tag = blobTag(workloadKey(meshSecret, workload), path);
    return formatBlobName({ kind, ...path, tag });
  }
  // A result of an earlier version has no tag, and so have its preview and its log.
  const { tag } = result;
  return formatBlobName({ kind, ...path, ...(tag !== undefined && { tag }) });
};
