import {
  type FileUse,
  idsOf,
  openSource,
  readBlendFile,
  trace,
  type Unbaked,
} from '#libs/blend/index.ts';
import { findFiles } from './find-files.ts';
import { placeOf } from './stored-path.ts';
import { dirname } from 'node:path';

/** A file that a picture needs and that is not on this machine. */
export interface MissingFile extends Pick<FileUse, 'kind' | 'path'> {
  /** The .blend that names it. */
  blend: string;
}

/** What a scene needs, on this machine's disk. */
export interface Collected {
  /** Absolute paths, the main .blend first, without repetitions. */
  files: string[];
  missing: MissingFile[];
  unbaked: Unbaked[];
}

/**
 * Follows a scene through its .blend and all libraries, and finds every file that a picture can show. `scene` is a name, or
 * undefined for all scenes.
 */
export const collect = async (main: string, scene: string | undefined): Promise<Collected> => {
  const files = new Set([main]);
  const missing: MissingFile[] = [];
  const unbaked: Unbaked[] = [];
  /** The data-blocks that are wanted of each .blend, and those that were followed already. */
  const wanted = new Map<string, Set<string> | undefined>([[main, undefined]]);
  const followed = new Map<string, Set<string>>();

  const follow = async (blend: string, names: ReadonlySet<string> | undefined): Promise<void> => {
    await using source = await openSource(blend);
    const file = await readBlendFile(source);
    const ids = idsOf(file);
    const isRoot = (name: string): boolean =>
      names?.has(name) ?? (scene === undefined ? name.startsWith('SC') : name === `SC${scene}`);
    const roots = [...ids].filter(([name]) => isRoot(name)).map(([, record]) => record);
    const found = trace(file, roots);
    unbaked.push(...found.unbaked);
    for (const use of found.uses) {
      const here = await findFiles(use, blend);
      for (const path of here) {
        files.add(path);
      }
      if (here.length === 0) {
        missing.push({ kind: use.kind, path: use.path, blend });
      }
    }
    for (const [library, linked] of found.linked) {
      const path = placeOf(library, dirname(blend));
      const before = followed.get(path) ?? new Set();
      const more = linked.difference(before);
      if (files.has(path) && more.size > 0) {
        followed.set(path, before.union(more));
        wanted.set(path, (wanted.get(path) ?? new Set()).union(more));
      }
    }
  };

  for (let [next] = wanted; next !== undefined; [next] = wanted) {
    const [blend, names] = next;
    wanted.delete(blend);
    await follow(blend, names);
  }
  return { files: [...files], missing, unbaked };
};
