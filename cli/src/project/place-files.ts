import { dirname, relative } from 'node:path';
import { isProjectPath, MAX_PROJECT_FILES } from '#libs/mesh/index.ts';
import { precondition } from '../failures.ts';
import { printable } from '../formats.ts';
import type { Spot } from './stored-path.ts';

/** A file of this machine, and where in the project it belongs. */
export interface PlacedFile {
  /** As in `muster.blob.v1.ProjectFile`. */
  path: string;
  source: string;
}

/** The deepest folder that holds all of these. */
export const commonFolder = (folders: readonly string[]): string => {
  const [first = '/', ...others] = folders;
  let common = first;
  for (const folder of others) {
    while (common !== '/' && folder !== common && !folder.startsWith(`${common}/`)) {
      common = dirname(common);
    }
  }
  return common;
};

/**
 * Says where each file belongs: what is reached from the main .blend, the first, by paths relative to it counts from their
 * common folder, so other machines need not have this one's folders. Throws FAILED_PRECONDITION `PROJECT_TOO_LARGE`,
 * `PATH_UNFIT`.
 */
export const placeFiles = (files: readonly Spot[]): PlacedFile[] => {
  if (files.length > MAX_PROJECT_FILES) {
    throw precondition(
      'PROJECT_TOO_LARGE',
      `the scene reads ${files.length} files, a project may have ${MAX_PROJECT_FILES}; make single files of its sequences`,
    );
  }
  const base = commonFolder(
    files.filter(({ isFixed }) => !isFixed).map(({ place }) => dirname(place)),
  );
  return files.map(({ place, source, isFixed }) => {
    const path = isFixed ? place : relative(base, place);
    if (!isProjectPath(path)) {
      throw precondition(
        'PATH_UNFIT',
        `${printable(path)} cannot travel under this name, which may have at most 255 bytes, no control characters, and at most 63 folders above it; rename or move it, and set its path in Blender anew`,
      );
    }
    return { path, source };
  });
};
