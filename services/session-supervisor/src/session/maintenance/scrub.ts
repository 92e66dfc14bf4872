import { asUnavailable } from '#libs/mongo/index.ts';
import type { BlobAccess } from '../../blob-access.ts';
import type { SessionDeps } from '../owner/deps.ts';
import type { Damaged } from '../../domain/decisions/inputs.ts';
import { type AcceptedResult, blobsOf } from '../../domain/state/entries.ts';
import { successorsOf } from '../../domain/graph/readiness.ts';
import { isInnerTask, taskOrdinal } from '../../domain/graph/task-graph.ts';
import {
  isCurrentResult,
  isOpen,
  type InputResult,
  type WorkloadState,
} from '../../domain/state/workload.ts';

/** The findings of a scrub. */
export interface Scrubbed {
  checked: number;
  missing: Damaged[];
  damaged: Damaged[];
  /** The journal position up to which everything was checked. */
  position: number;
  hasMore: boolean;
}

/** What is asked of blob to see whether a result is whole. */
export type StoredFiles = Pick<BlobAccess, 'digest' | 'hasParts'>;

/** Looks whether a blob has these bytes and, if it is a manifest, whether its parts are there. */
const verdictOnBlob = async (
  blob: StoredFiles,
  { blob: name, sha256 }: Pick<InputResult, 'blob' | 'sha256'>,
  signal: AbortSignal,
): Promise<'whole' | 'missing' | 'damaged'> => {
  const digest = await blob.digest(name, signal);
  if (digest !== sha256) {
    return digest === undefined ? 'missing' : 'damaged';
  }
  return (await blob.hasParts(name, signal)) ? 'whole' : 'missing';
};

/** Whether a result served only to make others, and all of these are made or will never be. */
const isSpent = (state: WorkloadState, task: string): boolean => {
  const ordinal = isInnerTask(state, task) ? taskOrdinal(state.graph, task) : undefined;
  return (
    ordinal !== undefined &&
    !successorsOf(state.graph, ordinal).some((successor) => isOpen(state, successor))
  );
};

/** Those of these results whose blobs are missing or damaged. Rejects with UNAVAILABLE if blobs cannot be read. */
export const findDamaged = async (
  blob: StoredFiles,
  results: readonly InputResult[],
  signal: AbortSignal,
): Promise<Damaged[]> => {
  const damaged: Damaged[] = [];
  for (const result of results) {
    const { task, generation } = result;
    if ((await verdictOnBlob(blob, result, signal)) !== 'whole') {
      damaged.push({ task, generation });
    }
  }
  return damaged;
};

/** Most findings of one scrub, because one repair takes them all. The next call goes on from there. */
const MAX_FOUND = 500;

/** Reads the blobs of a result up to the first bad one, because all of them are made again together. */
const verdictOn = async (
  blob: StoredFiles,
  result: AcceptedResult,
  signal: AbortSignal,
  afterEach: () => Promise<void>,
): Promise<'whole' | 'missing' | 'damaged'> => {
  for (const file of blobsOf(result)) {
    const verdict = await verdictOnBlob(blob, file, signal);
    await afterEach();
    if (verdict !== 'whole') {
      return verdict;
    }
  }
  return 'whole';
};

/**
 * Reads the blobs of accepted results from a journal position on, and compares their bytes with the accepted hashes. After
 * each document it stops if `isEnough` says so. Rejects with UNAVAILABLE if blobs cannot be read, because such a blob need not
 * be missing.
 *
 * @param afterEach awaited after each blob
 */
export const scrub = async (
  { journal, blob }: Pick<SessionDeps, 'journal'> & { blob: StoredFiles },
  state: WorkloadState,
  from: number,
  isEnough: () => boolean,
  signal: AbortSignal,
  afterEach: () => Promise<void> = async () => {},
): Promise<Scrubbed> => {
  const found: Scrubbed = { checked: 0, missing: [], damaged: [], position: from, hasMore: false };
  const isFull = (): boolean => found.missing.length + found.damaged.length >= MAX_FOUND;
  await asUnavailable(async () => {
    for await (const { n, entries } of journal.read(state.header.id, from)) {
      if (n > state.position) {
        break;
      }
      if (found.position > from && (isEnough() || isFull())) {
        found.hasMore = true;
        break;
      }
      for (const entry of entries) {
        if (!isCurrentResult(state, entry) || entry.blob === '' || isSpent(state, entry.task)) {
          continue;
        }
        const { task, generation } = entry;
        const verdict = await verdictOn(blob, entry, signal, afterEach);
        if (verdict !== 'whole') {
          found[verdict].push({ task, generation });
        }
        found.checked += 1;
      }
      found.position = n;
    }
  });
  return found;
};
