import type { Scene } from '#libs/contracts/agent.ts';
import { type DomainError, status } from '#libs/errors/index.ts';
import type { Borrowed, SceneCache } from '../cache/scene-cache.ts';
import type { Fetch } from '../cache/download.ts';
import { type Blobs, patiently, type PatienceOptions, transferMs } from './blobs.ts';

export interface SceneOptions extends Pick<PatienceOptions, 'clock' | 'random' | 'onRetry'> {
  cache: SceneCache;
  blobs: Blobs;
}

/** If the blob service is away for longer, the task fails here and another user tries it. */
export const PATIENCE_MS = 10 * 60_000;

const fetchOf = (blobs: Blobs, { blobName, grant, sizeBytes }: Scene): Fetch =>
  async function* fetch(signal) {
    const request = { blobName, offset: 0, lengthBytes: 0, grant };
    const options = { signal, deadlineMs: transferMs(sizeBytes) };
    for await (const { chunk } of blobs.download(request, options)) {
      yield chunk;
    }
  };

/** Whether the scene is gone or damaged, so that no machine can render it. */
export const isLost = ({ reason, code }: DomainError): boolean =>
  code === status.NOT_FOUND || reason === 'SCENE_DAMAGED';

/** UNKNOWN stands for a problem of the agent, such as a full disk. */
const FINAL: ReadonlySet<status> = new Set([
  status.NOT_FOUND,
  status.INVALID_ARGUMENT,
  status.UNIMPLEMENTED,
  status.UNKNOWN,
]);

/** Whether another download can help after this error, the n-th one (from 1). */
export const canHelp = (error: DomainError, failures: number): boolean => {
  if (error.code === status.DATA_LOSS) {
    // The damage may have happened on the way.
    return failures < 2;
  }
  return !FINAL.has(error.code) && error.reason !== 'CACHE_FULL';
};

/** Gets the file of a scene from the cache or from blob. Rejects with a DomainError, or with the signal's reason. */
export const getScene = (
  scene: Scene,
  options: SceneOptions,
  signal: AbortSignal,
): Promise<Borrowed> => {
  const { cache, blobs, clock, random, onRetry } = options;
  const patience = { clock, random, signal, forMs: PATIENCE_MS, helps: canHelp, onRetry };
  return patiently(() => cache.borrow(scene, fetchOf(blobs, scene), signal), patience);
};
