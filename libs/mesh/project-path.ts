/** Most bytes of one path of a project. */
const MAX_PATH_BYTES = 1_024;

/** What every file system takes for one name. */
const MAX_NAME_BYTES = 255;

const isName = (part: string): boolean =>
  part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= MAX_NAME_BYTES;

/**
 * Whether a file of a project may have this path: `tex/bark.png` in the project's own folder, or `/srv/tex/bark.png`, the very
 * place at which the .blend looks for it. No path leaves its folder or is a second spelling of another.
 */
export const isProjectPath = (path: string): boolean =>
  Buffer.byteLength(path) <= MAX_PATH_BYTES &&
  path.isWellFormed() &&
  !/[\p{Cc}]/u.test(path) &&
  path.replace(/^\//, '').split('/').every(isName);

/** The first path that is twice among these, or that is also a folder of another; undefined if each can be a file. */
export const clashAmong = (paths: readonly string[]): string | undefined => {
  const files = new Set<string>();
  for (const path of paths) {
    if (files.has(path)) {
      return path;
    }
    files.add(path);
  }
  return paths.flatMap(foldersOf).find((folder) => files.has(folder));
};

const foldersOf = (path: string): string[] => {
  const folders: string[] = [];
  for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
    folders.push(path.slice(0, at));
  }
  return folders;
};
