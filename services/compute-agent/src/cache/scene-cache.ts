import type { Stats } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#libs/clock/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { isSha256 } from '#libs/mesh/index.ts';
import type { Random } from '#libs/random/index.ts';
import { sha256File } from '../files.ts';
import { download, type Fetch, type SceneId } from './download.ts';
import { type CachedScene, toEvict } from './eviction.ts';
import { sharedWork } from './shared-work.ts';

/** A file that stays in the cache until it is released. */
export interface Borrowed {
  /** Everybody may read it, nobody may write it. */
  file: string;
  /** Allows the cache to remove the file. Further calls do nothing. */
  release(): void;
}

/** Scenes on disk, by the SHA-256 of their bytes. */
export type SceneCache = Awaited<ReturnType<typeof openSceneCache>>;

interface CacheOptions {
  /** Several agents may share it. */
  dir: string;
  /** The bound for all files together. */
  limitBytes: number;
  clock: Clock;
  random: Random;
}

/** An agent that has not written to its partial file for this long is gone. */
const ABANDONED_MS = 3_600_000;

/** A scene does not fit beside the scenes that are in use. */
const cacheFull = (sizeBytes: number, limitBytes: number): DomainError =>
  new DomainError(
    status.RESOURCE_EXHAUSTED,
    'CACHE_FULL',
    `${sizeBytes} bytes of scenes do not fit into a cache of ${limitBytes} beside those in use; give the agent more`,
    { size_bytes: sizeBytes, limit_bytes: limitBytes },
  );

/** Identifies the content of a file without reading it: a change of the file changes it. */
const markOf = ({ dev, ino, size, mtimeMs }: Stats): string => [dev, ino, size, mtimeMs].join(':');

const statIn = (dir: string, name: string): Promise<Stats | undefined> =>
  stat(join(dir, name)).catch(() => undefined);

const removeAbandoned = async (partialDir: string, nowMs: number): Promise<void> => {
  for (const name of await readdir(partialDir)) {
    const found = await statIn(partialDir, name);
    if (found && nowMs - found.mtimeMs > ABANDONED_MS) {
      await rm(join(partialDir, name), { force: true });
    }
  }
};

const readFolder = async (dir: string): Promise<Map<string, CachedScene>> => {
  const scenes = new Map<string, CachedScene>();
  for (const name of await readdir(dir)) {
    const found = isSha256(name) ? await statIn(dir, name) : undefined;
    if (found) {
      scenes.set(name, { sizeBytes: found.size, usedMs: Math.max(found.atimeMs, found.mtimeMs) });
    }
  }
  return scenes;
};

/** Opens a cache. It uses files of earlier runs again, after it has checked them. */
export const openSceneCache = async ({ dir, limitBytes, clock, random }: CacheOptions) => {
  const partialDir = join(dir, 'partial');
  await mkdir(partialDir, { recursive: true });
  await removeAbandoned(partialDir, clock.now());
  const scenes = await readFolder(dir);
  /** The files whose bytes this process has checked, with their marks at that time. */
  const checked = new Map<string, string>();
  /** One for each caller that uses a scene or waits for it. */
  const pins = new Set<{ sha256: string }>();
  const once = sharedWork();
  let arrivingBytes = 0;

  const drop = async (sha256: string): Promise<void> => {
    scenes.delete(sha256);
    checked.delete(sha256);
    await rm(join(dir, sha256), { force: true });
  };

  /** Whether the file is there and has the hash in its name. Removes a file with another hash. */
  const isThere = async (sha256: string): Promise<boolean> => {
    const found = await statIn(dir, sha256);
    const isRight =
      found !== undefined &&
      (checked.get(sha256) === markOf(found) || (await sha256File(join(dir, sha256))) === sha256);
    if (!isRight) {
      await drop(sha256);
      return false;
    }
    checked.set(sha256, markOf(found));
    scenes.set(sha256, { sizeBytes: found.size, usedMs: clock.now() });
    return true;
  };

  const fetchInto = async (scene: SceneId, fetch: Fetch, signal: AbortSignal): Promise<void> => {
    const { sha256, sizeBytes } = scene;
    const partial = join(partialDir, random.id('f'));
    arrivingBytes += sizeBytes;
    try {
      const inUse = new Set([...pins].map((pin) => pin.sha256));
      const going = toEvict(scenes, inUse, limitBytes, arrivingBytes);
      if (going === undefined) {
        throw cacheFull(sizeBytes, limitBytes);
      }
      await Promise.all(going.map(drop));
      await download(scene, partial, fetch, signal);
      await rename(partial, join(dir, sha256));
      checked.set(sha256, markOf(await stat(join(dir, sha256))));
      scenes.set(sha256, { sizeBytes, usedMs: clock.now() });
    } finally {
      arrivingBytes -= sizeBytes;
      await rm(partial, { force: true });
    }
  };

  return {
    /** Throws RESOURCE_EXHAUSTED `CACHE_FULL` if the cache is too small for so many bytes at a time. */
    checkRoom(sizeBytes: number): void {
      if (sizeBytes > limitBytes) {
        throw cacheFull(sizeBytes, limitBytes);
      }
    },
    /**
     * Returns the file of a scene, and fetches it if it is not on disk. Callers that ask at the same time share one fetch.
     * Rejects with the error of the fetch, with the signal's reason, or with
     * * DATA_LOSS `SCENE_DAMAGED`: the fetched bytes have another length or hash;
     * * RESOURCE_EXHAUSTED `CACHE_FULL`: the scene does not fit beside the scenes that are in use.
     */
    async borrow(scene: SceneId, fetch: Fetch, signal: AbortSignal): Promise<Borrowed> {
      const { sha256 } = scene;
      if (!isSha256(sha256)) {
        throw new Error(`${sha256} is no SHA-256`);
      }
      // Pinned before the fetch, so that nothing evicts the file between its arrival and its use.
      const pin = { sha256 };
      pins.add(pin);
      const release = (): void => void pins.delete(pin);
      const provide = async (stop: AbortSignal): Promise<void> => {
        if (!(await isThere(sha256))) {
          stop.throwIfAborted();
          await fetchInto(scene, fetch, stop);
        }
      };
      try {
        await once(sha256, provide, signal);
      } catch (error) {
        release();
        throw error;
      }
      return { file: join(dir, sha256), release };
    },
  };
};
