import { chmod, constants, copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Place, placesOf } from './places.ts';

/** A file on this machine, and where in a project it belongs. */
export interface Part {
  /** As in `muster.blob.v1.ProjectFile`. */
  path: string;
  /** Undefined for an empty file. */
  file: string | undefined;
}

/** The files of a project as programs find them. Everybody may read them, nobody may write them. */
export interface Layout {
  /** The project's own folder. */
  folder: string;
  /** What belongs at a place of its own. */
  places: readonly Place[];
}

/** Errors after which a copy does what a link cannot: another disk, or too many links. */
const COPY_AFTER = ['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP'];

const share = async (file: string, to: string): Promise<void> => {
  try {
    await link(file, to);
  } catch (thrown) {
    if (!COPY_AFTER.includes((thrown as NodeJS.ErrnoException).code ?? '')) {
      throw thrown;
    }
    await copyFile(file, to, constants.COPYFILE_FICLONE);
    await chmod(to, 0o444);
  }
};

/** Makes a folder and those on the way to it, readable for everybody whatever the umask is. */
const createFolders = () => {
  const made = new Set<string>();
  const make = async (folder: string): Promise<void> => {
    if (!made.has(folder)) {
      made.add(folder);
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o755);
    }
  };
  return async (base: string, folder: string): Promise<void> => {
    const way: string[] = [];
    for (let at = folder; at !== base; at = dirname(at)) {
      way.unshift(at);
    }
    for (const each of [base, ...way]) {
      await make(each);
    }
  };
};

/**
 * Lays the files of a project out in `dir`, which does not exist yet. The files are shared with where they come from, not copied,
 * if both are on one disk. The caller removes `dir`; the paths have been checked.
 */
export const layOut = async (dir: string, parts: readonly Part[]): Promise<Layout> => {
  const folder = join(dir, 'project');
  const machine = join(dir, 'places');
  const makeFolders = createFolders();
  await makeFolders(dir, folder);
  for (const { path, file } of parts) {
    const base = path.startsWith('/') ? machine : folder;
    const to = join(base, path);
    await makeFolders(base, dirname(to));
    await (file === undefined ? writeFile(to, '', { mode: 0o444 }) : share(file, to));
  }
  const places = placesOf(parts.map(({ path }) => path));
  return { folder, places: places.map((place) => ({ place, path: join(machine, place) })) };
};
