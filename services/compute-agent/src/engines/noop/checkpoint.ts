import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Cancelled,
  type Checkpoint,
  failed,
  type Failed,
  type ResumePoint,
} from '../engine.ts';
import { noopBytes } from './noop-bytes.ts';
import type { NoopJob } from './noop.ts';

/** The only file of a checkpoint. */
const FILE = 'state.bin';

const stateOf = ({ workloadId, resultBytes }: NoopJob, task: string, positionMs: number) =>
  noopBytes(`${workloadId}/${task}/at/${positionMs}`, resultBytes);

/** The point after so much work. It has a file if results have bytes; those of the file follow from the task and the point. */
export const checkpointAt = (job: NoopJob, task: string, positionMs: number): Checkpoint => {
  const bytes = stateOf(job, task, positionMs);
  const part = { path: FILE, bytes, sha256: hash('sha256', bytes), sizeBytes: bytes.length };
  return { name: `${positionMs} ms`, position: positionMs, parts: bytes.length > 0 ? [part] : [] };
};

/** Fetches the files of a point, and answers what is wrong with them; undefined if they are as they were made. */
export const checkResumed = async (
  job: NoopJob,
  task: string,
  { position, files }: ResumePoint,
  folder: string,
): Promise<Failed | Cancelled | undefined> => {
  if (job.resultBytes === 0) {
    return undefined;
  }
  await mkdir(folder, { recursive: true });
  const own = await mkdtemp(join(folder, 'muster-noop-'));
  try {
    const fetched = await files(own);
    if (fetched.kind !== 'fetched') {
      return fetched;
    }
    const bytes = await readFile(join(own, FILE));
    return bytes.equals(stateOf(job, task, position))
      ? undefined
      : failed('AGENT_ERROR', `the checkpoint of ${task} at ${position} ms has other bytes`);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
};
