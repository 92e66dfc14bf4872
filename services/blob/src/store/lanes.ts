import { createGate, type Gate } from '#libs/async/index.ts';
import type { Caller } from '#libs/auth/index.ts';
import { tooManyWaiting } from '../domain/errors.ts';

/** Most calls of one caller that wait for a place. Each may hold a message of 1 MiB that was read ahead. */
const MAX_WAITING = 64;

/**
 * What moves bytes side by side, each kind with places of its own: files of customers, files of attempts, and what people and
 * agents read. However many calls of one kind there are, those of the others go on. Services read without a place: they ask for
 * many customers at once, and bound that themselves. Commits of parts have few places, because they take memory.
 */
export type Lane = 'uploads' | 'results' | 'commits' | 'downloads' | 'agentDownloads';

export type Lanes = ReturnType<typeof createLanes>;

export const createLanes = (places: Readonly<Record<Lane, number>>) => {
  const gateOf = (lane: Lane): Gate =>
    createGate({ places: places[lane], maxWaiting: MAX_WAITING, tooManyWaiting });
  const gates: Readonly<Record<Lane, Gate>> = {
    uploads: gateOf('uploads'),
    results: gateOf('results'),
    commits: gateOf('commits'),
    downloads: gateOf('downloads'),
    agentDownloads: gateOf('agentDownloads'),
  };
  const enter = (lane: Lane, caller: Caller, signal: AbortSignal): Promise<Disposable> =>
    gates[lane].enter(`${caller.role} ${caller.machine ?? caller.subject}`, signal);
  return {
    /** Waits for a place to store in; dispose it to leave. */
    toUpload: (caller: Caller, signal: AbortSignal) =>
      enter(caller.role === 'agent' ? 'results' : 'uploads', caller, signal),
    /** Waits for a place to commit parts in; dispose it to leave. */
    toCommit: (caller: Caller, signal: AbortSignal) => enter('commits', caller, signal),
    /** Waits for a place to read in; dispose it to leave. Undefined for services, which need none. */
    toDownload: async (caller: Caller, signal: AbortSignal): Promise<Disposable | undefined> =>
      caller.role === 'service'
        ? undefined
        : enter(caller.role === 'agent' ? 'agentDownloads' : 'downloads', caller, signal),
  };
};
