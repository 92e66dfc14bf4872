import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { create } from 'tar';
import { inputUnreadable } from '../failures.ts';

/** What was packed. */
export interface Packed {
  files: number;
  /** Of the files, before they were packed. */
  bytes: number;
}

/** Folders that a case does not need elsewhere: versions of its sources, and what earlier runs left. */
const LEFT_OUT = /^(\.git|\.svn|\.muster|processor\d+|postProcessing|VTK|dynamicCode)$/;
const LOG = /^log\..+$/;

/**
 * Packs the folder of a case, the same content always to the same bytes. Links are followed within the folder; one that leads out of it
 * throws INVALID_ARGUMENT `INPUT_UNREADABLE`, as does a folder without `system/controlDict`.
 */
export const packCase = async (folder: string, target: string): Promise<Packed> => {
  const root = await realpath(folder).catch((error: unknown) => {
    throw inputUnreadable(folder, 'is no folder', error);
  });
  const isCase = await stat(join(root, 'system/controlDict')).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isCase) {
    throw inputUnreadable(folder, 'is no OpenFOAM case: it has no system/controlDict');
  }
  const packed = { files: 0, bytes: 0 };
  const paths = await filesOf(root, root, packed);
  await create(
    {
      file: target,
      cwd: root,
      zstd: true,
      portable: true,
      follow: true,
      mtime: new Date(0),
      noDirRecurse: true,
    },
    paths,
  );
  return packed;
};

/** The files below a folder, relative to the root, in order. */
const filesOf = async (root: string, folder: string, packed: Packed): Promise<string[]> => {
  const names = (await readdir(folder)).sort();
  const paths: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const isTop = folder === root;
    if (isTop && (LEFT_OUT.test(name) || LOG.test(name))) {
      continue;
    }
    const own = await lstat(path);
    if (own.isSymbolicLink()) {
      const led = await realpath(path).catch(() => resolve(folder, path));
      if (led !== root && !led.startsWith(root + sep)) {
        throw inputUnreadable(path, `leads out of the case, to ${await readlink(path)}`);
      }
    }
    const found = await stat(path).catch((error: unknown) => {
      throw inputUnreadable(path, 'leads to nothing', error);
    });
    if (found.isDirectory()) {
      if (own.isSymbolicLink()) {
        throw inputUnreadable(path, 'is a link to a folder; put the folder in its place');
      }
      paths.push(relative(root, path));
      paths.push(...(await filesOf(root, path, packed)));
    } else if (found.isFile()) {
      packed.files += 1;
      packed.bytes += found.size;
      paths.push(relative(root, path));
    } else {
      throw inputUnreadable(path, 'is neither a file nor a folder');
    }
  }
  return paths;
};
