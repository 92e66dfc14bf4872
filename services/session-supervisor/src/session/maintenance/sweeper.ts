import { every, type Repetition } from '#libs/async/index.ts';
import { formatBlobName, isOfAttempt, parseBlobName } from '#libs/mesh/index.ts';
import type { BlobAccess } from '../../blob-access.ts';
import { folding } from '../loop/folding.ts';
import { load } from '#libs/journal/index.ts';
import { blobsOf, type Entry } from '../../domain/state/entries.ts';
import {
  begin,
  isCurrentResult,
  isParked,
  type WorkloadState,
  checkpointBlobs,
} from '../../domain/state/workload.ts';
import { headerOf, type WorkloadDocument } from '../../store/workload-document.ts';
import type { SessionDeps } from '../owner/deps.ts';

type SweeperDeps = Pick<SessionDeps, 'workloads' | 'journal' | 'clock' | 'logger' | 'sweep'> & {
  blob: Pick<BlobAccess, 'list' | 'remove' | 'keepParts'>;
};

const MAX_BATCH = 20;
const AFTER_FAILURE_MS = 60_000;
/** A closed workload is swept again after these times, ever more rarely, because late agents may still store results. */
const AGAIN_MS = [10 * 60_000, 6 * 3_600_000, 24 * 3_600_000, 7 * 24 * 3_600_000];

/**
 * Removes what attempts at closed workloads stored and nobody needs, in the background: the results, previews and logs of those
 * that were not accepted and did not fail, or everything if `delete_results` was asked for; then checkpoints, and the parts that no
 * result names. Blob leaves parts of the last hour, which a later sweep takes.
 */
export const startSweeper = (deps: SweeperDeps): Repetition =>
  every(
    {
      clock: deps.clock,
      everyMs: deps.sweep.everyMs,
      onFailure: (err) => deps.logger.debug({ err }, 'a sweep failed; it is tried again'),
    },
    (signal) => sweepRound(deps, signal),
  );

/** Sweeps every workload that is due. Returns how many blobs were removed. */
export const sweepRound = async (deps: SweeperDeps, signal: AbortSignal): Promise<number> => {
  let removed = 0;
  const due = await deps.workloads.toSweep(new Date(deps.clock.now()), MAX_BATCH);
  for (const document of due) {
    const workload = document._id;
    const closedForMs = deps.clock.now() - (document.projection.endedAt?.getTime() ?? 0);
    let nextMs = AGAIN_MS.find((ms) => ms > closedForMs);
    try {
      removed += await sweep(deps, document, signal);
    } catch (err) {
      signal.throwIfAborted();
      // A workload that cannot be swept must not hold up the others.
      deps.logger.warn({ err, workload }, 'a workload was not swept; it is tried again');
      nextMs = AFTER_FAILURE_MS;
    }
    const sweepAt = nextMs === undefined ? undefined : new Date(deps.clock.now() + nextMs);
    await deps.workloads.swept(workload, sweepAt);
  }
  return removed;
};

const sweep = async (
  deps: SweeperDeps,
  document: WorkloadDocument,
  signal: AbortSignal,
): Promise<number> => {
  const id = document._id;
  const { state } = await load(deps.journal, id, begin(headerOf(document)), folding);
  if (!state.closed) {
    return 0;
  }
  const kept = state.deleteResults ? new Set<string>() : await keptBlobs(deps, id, state);
  let removed = 0;
  for (const folder of ['results', 'previews', 'logs']) {
    for await (const { blobName } of deps.blob.list(`${folder}/${id}/`, signal)) {
      if (!kept.has(blobName) && !kept.has(untagged(blobName)) && !isNewer(blobName, state)) {
        await deps.blob.remove(blobName, signal);
        removed += 1;
      }
    }
  }
  // A parked workload goes on from its checkpoints. The parts of results that were kept stay in any case.
  if (!isParked(state)) {
    removed += await deps.blob.keepParts(id, checkpointBlobs(state), signal);
  }
  if (removed > 0) {
    deps.logger.info({ workload: id, removed }, 'swept results that were not accepted');
  }
  return removed;
};

/** Whether a blob belongs to a generation newer than the state, because the workload is being reopened meanwhile. */
const isNewer = (blobName: string, { generation }: WorkloadState): boolean => {
  const name = parseBlobName(blobName);
  return name !== undefined && isOfAttempt(name) && name.generation > generation;
};

/** The name without its tag, as previews and logs of accepted attempts are kept: those have no other. */
const untagged = (blobName: string): string => {
  const name = parseBlobName(blobName);
  if (name?.kind !== 'preview' && name?.kind !== 'log') {
    return blobName;
  }
  const { tag: _, ...path } = name;
  return formatBlobName(path);
};

/** Of an accepted result its blobs, its preview and its log, those two without tags; of a failed attempt its log. */
const keptOf = (workload: string, state: WorkloadState, entry: Entry): string[] => {
  if (entry.kind === 'attempt-failed') {
    return [entry.log];
  }
  if (!isCurrentResult(state, entry)) {
    return [];
  }
  const { task, generation, attempt } = entry;
  const path = { workload, task, generation, attempt };
  return [
    ...blobsOf(entry).map(({ blob }) => blob),
    formatBlobName({ kind: 'preview', ...path }),
    formatBlobName({ kind: 'log', ...path }),
  ];
};

const keptBlobs = async (
  { journal }: Pick<SweeperDeps, 'journal'>,
  id: string,
  state: WorkloadState,
): Promise<Set<string>> => {
  const blobs = new Set<string>();
  for await (const { entries } of journal.read(id, 0)) {
    for (const entry of entries) {
      for (const blob of keptOf(id, state, entry)) {
        blobs.add(blob);
      }
    }
  }
  return blobs;
};
