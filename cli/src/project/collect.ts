import { basename } from 'node:path';
import {
  type FileUse,
  lostNames,
  openSource,
  readBlendFile,
  rootsOf,
  trace,
  type Unbaked,
} from '#libs/blend/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { indicesOf, parseIndices } from '#libs/indices/index.ts';
import { expectedPaths, renamed } from './expected-files.ts';
import { flawOf } from './file-flaws.ts';
import { findFiles } from './find-files.ts';
import type { Spot } from './stored-path.ts';

/** A file that a picture needs, and that is not on this machine or that Blender cannot read. */
export interface MissingFile extends Pick<FileUse, 'kind' | 'path'> {
  /** Why Blender cannot read it: `is empty`. Unset if it is not there. */
  flaw?: string;
  /** The .blend that names it. */
  blend: string;
}

/** A simulation whose frames are not stored. */
export interface FoundUnbaked extends Unbaked {
  /** The name of the .blend that it comes from; unset if that is the main one. */
  library?: string;
}

/** What a scene needs, on this machine's disk. */
export interface Collected {
  /** The main .blend first; no place twice. */
  files: Spot[];
  /** Files that pictures can show. */
  missing: MissingFile[];
  unbaked: FoundUnbaked[];
  /** Libraries that this machine could not read. Whether machines of the mesh can is theirs to say. */
  unread: string[];
}

interface CollectOptions {
  /** An absolute path. */
  main: string;
  /** Where files of other machines' places are looked for. */
  folder: string;
  /** A name; undefined for all scenes. */
  scene: string | undefined;
  /** An expression. Without frames, gaps in sequences are not found. */
  frames?: string;
}

const keyOf = ({ place, isFixed }: Spot): string => `${isFixed} ${place}`;

/** The path of one of the files that a path names, as the .blend would have it. */
const pathOfOne = ({ path, form }: FileUse, { source }: Spot): string => {
  const name = basename(source);
  switch (form) {
    case 'file':
      return path;
    case 'sequence':
    case 'tiles':
      return renamed(path, name);
    case 'folder':
    case 'blendcache':
      return path === '' ? name : `${path}/${name}`;
    default:
      return form satisfies never;
  }
};

const isCut = (error: unknown): boolean =>
  isDomainError(error) && error.reason === 'BLEND_FILE_TRUNCATED';

/** Follows a scene through its .blend and all libraries, and finds every file that a picture can show. */
export const collect = async ({
  main,
  folder,
  scene,
  frames = '',
}: CollectOptions): Promise<Collected> => {
  const files = new Map<string, Spot>();
  const missing = new Map<string, MissingFile>();
  const unbaked: FoundUnbaked[] = [];
  const unread: string[] = [];
  const numbers = frames === '' ? [] : [...indicesOf(parseIndices(frames))];
  /** How each library was named first. */
  const named = new Map<string, { use: FileUse; blend: Spot }>();
  /** The data-blocks that are wanted of each .blend, and those that were followed already. */
  const wanted = new Map<string, ReadonlySet<string> | undefined>();
  const followed = new Map<string, ReadonlySet<string>>();

  const add = (spot: Spot): void => {
    if (!files.has(keyOf(spot))) {
      files.set(keyOf(spot), spot);
    }
  };

  const miss = ({ kind, path, isShown }: FileUse, { source }: Spot, flaw?: string): void => {
    if (isShown) {
      missing.set(path, { kind, path, blend: source, ...(flaw !== undefined && { flaw }) });
    }
  };

  const follow = async (blend: Spot, names: ReadonlySet<string> | undefined): Promise<void> => {
    await using source = await openSource(blend.source);
    const file = await readBlendFile(source);
    const isRoot = (name: string): boolean =>
      names?.has(name) ?? (scene === undefined ? name.startsWith('SC') : name === `SC${scene}`);
    const traced = trace(file, rootsOf(file, isRoot));
    const asNamed = named.get(keyOf(blend));
    if (names !== undefined && asNamed !== undefined) {
      const { use, blend: user } = asNamed;
      for (const name of lostNames(file, names)) {
        miss(
          { ...use, kind: 'linked data-block', path: `${use.path}/${name}` },
          user,
          'its library lost it',
        );
      }
    }
    const from = blend.source === main ? {} : { library: basename(blend.source) };
    unbaked.push(...traced.unbaked.map((each) => ({ ...each, ...from })));
    for (const use of traced.uses) {
      const here = await findFiles(use, blend, folder);
      if (here.length === 0) {
        miss(use, blend);
      }
      const expected = expectedPaths(use, numbers);
      const found = new Set<string>();
      for (const spot of here) {
        const path = pathOfOne(use, spot);
        found.add(path);
        const isRead = use.isShown && (expected?.has(path) ?? true);
        const flaw = isRead ? await flawOf(spot.source, use) : undefined;
        if (flaw === undefined) {
          add(spot);
        } else {
          miss({ ...use, path }, blend, flaw);
        }
      }
      if (here.length > 0) {
        for (const path of expected?.difference(found) ?? []) {
          miss({ ...use, path }, blend);
        }
      }
    }
    for (const [path, linked] of traced.linked) {
      const use: FileUse = { kind: 'library', path, form: 'file', isShown: true };
      const [library] = await findFiles(use, blend, folder);
      if (library === undefined) {
        continue;
      }
      const key = keyOf(library);
      named.set(key, named.get(key) ?? { use, blend });
      const before = followed.get(key) ?? new Set();
      const more = linked.difference(before);
      if (files.has(key) && more.size > 0) {
        followed.set(key, before.union(more));
        wanted.set(key, (wanted.get(key) ?? new Set()).union(more));
      }
    }
  };

  const first = { place: main, source: main, isFixed: false };
  add(first);
  await follow(first, undefined);
  for (let [next] = wanted; next !== undefined; [next] = wanted) {
    const [key, names] = next;
    wanted.delete(key);
    const library = files.get(key);
    if (library !== undefined) {
      await follow(library, names).catch((error: unknown) => {
        const asNamed = named.get(key);
        if (isCut(error) && asNamed !== undefined) {
          files.delete(key);
          miss(asNamed.use, asNamed.blend, 'was cut off');
        } else {
          unread.push(library.source);
        }
      });
    }
  }
  return { files: [...files.values()], missing: [...missing.values()], unbaked, unread };
};
