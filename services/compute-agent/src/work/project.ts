import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from '#libs/async/index.ts';
import type { ManifestFile } from '#libs/contracts/blob.ts';
import type { Scene } from '#libs/contracts/agent.ts';
import type { Borrowed } from '../cache/scene-cache.ts';
import type { Input } from '../engines/family.ts';
import { layOut } from '../project/layout.ts';
import { MAX_MANIFEST_BYTES, projectUnreadable, readManifest } from '../project/manifest.ts';
import { getScene, type SceneOptions } from './scene.ts';

export interface ProjectOptions extends SceneOptions {
  /** Where projects are laid out, each in a folder of its own. */
  projectsDir: string;
}

/** Files of a project that are fetched at the same time. */
const FETCHES_AT_ONCE = 4;

const readOnce = async (scene: Scene, options: SceneOptions, signal: AbortSignal) => {
  if (scene.sizeBytes > MAX_MANIFEST_BYTES) {
    throw projectUnreadable(`its manifest has ${scene.sizeBytes} bytes`);
  }
  const borrowed = await getScene(scene, options, signal);
  try {
    return readManifest(await readFile(borrowed.file));
  } finally {
    borrowed.release();
  }
};

/** Gets each of the files once, however often it belongs somewhere. After a failure none stays borrowed. */
const borrowAll = async (
  files: readonly ManifestFile[],
  options: SceneOptions,
  signal: AbortSignal,
): Promise<Map<string, Borrowed>> => {
  const distinct = [...new Map(files.map((file) => [file.sha256, file])).values()];
  options.cache.checkRoom(distinct.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const borrowed = new Map<string, Borrowed>();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  try {
    await inParallel(FETCHES_AT_ONCE, distinct, async (file) => {
      try {
        stop.throwIfAborted();
        borrowed.set(file.sha256, await getScene({ ...file, fileName: '' }, options, stop));
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
  } catch (error) {
    for (const each of borrowed.values()) {
      each.release();
    }
    // The first failure, not those of the others that it stopped.
    throw signal.aborted ? error : failed.signal.reason;
  }
  return borrowed;
};

/**
 * Gets the files of a project from the cache or from blob, and lays them out. Rejects with a DomainError, or with the
 * signal's reason.
 */
export const getProject = async (
  scene: Scene,
  options: ProjectOptions,
  signal: AbortSignal,
): Promise<{ input: Input; release: () => Promise<void> }> => {
  const { mainPath, files } = await readOnce(scene, options, signal);
  const borrowed = await borrowAll(
    files.filter(({ sizeBytes }) => sizeBytes > 0),
    options,
    signal,
  );
  const dir = join(options.projectsDir, options.random.id('p'));
  const release = async (): Promise<void> => {
    await rm(dir, { recursive: true, force: true });
    for (const each of borrowed.values()) {
      each.release();
    }
  };
  try {
    const parts = files.map(({ path, sha256 }) => ({ path, file: borrowed.get(sha256)?.file }));
    const project = await layOut(dir, parts);
    return { input: { file: join(project.folder, mainPath), project }, release };
  } catch (error) {
    await release();
    throw error;
  }
};
