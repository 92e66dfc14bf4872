import { asUnavailable } from '#libs/mongo/index.ts';
import type { BlobAccess } from '../../blob-access.ts';
import type { SessionDeps } from '../owner/deps.ts';
import type { Damaged } from '../../domain/decisions/inputs.ts';
import { isCurrentResult, type WorkloadState } from '../../domain/state/workload.ts';

/** The findings of a scrub. */
export interface Scrubbed {
  checked: number;
  missing: Damaged[];
  damaged: Damaged[];
  /** The journal position up to which everything was checked. */
  position: number;
  hasMore: boolean;
}

/** Most findings of one scrub, because one repair takes them all. The next call goes on from there. */
const MAX_FOUND = 500;

/**
 * Reads the blobs of accepted results from a journal position on, and compares their bytes with the accepted hashes. After
 * each document it stops if `isEnough` says so. Rejects with UNAVAILABLE if blobs cannot be read, because such a blob need not
 * be missing.
 *
 * @param afterEach awaited after each blob
 */
export const scrub = async (
  { journal, blob }: Pick<SessionDeps, 'journal'> & { blob: Pick<BlobAccess, 'digest'> },
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
        if (!isCurrentResult(state, entry) || entry.blob === '') {
          continue;
        }
        const { task, generation } = entry;
        const digest = await blob.digest(entry.blob, signal);
        if (digest === undefined) {
          found.missing.push({ task, generation });
        } else if (digest !== entry.sha256) {
          found.damaged.push({ task, generation });
        }
        found.checked += 1;
        await afterEach();
      }
      found.position = n;
    }
  });
  return found;
};
