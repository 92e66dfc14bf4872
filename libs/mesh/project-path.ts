/** Most bytes of one path of a project. */
const MAX_PATH_BYTES = 1_024;

/** Most parts of one path, because each may become a folder of its own on the machines of others. */
const MAX_PARTS = 64;

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
  arePartsOf(path);

const arePartsOf = (path: string): boolean => {
  const parts = path.replace(/^\//, '').split('/');
  return parts.length <= MAX_PARTS && parts.every(isName);
};

/** Whether a file that a task made may have this path in its folder. */
export const isRelativePath = (path: string): boolean =>
  isProjectPath(path) && !path.startsWith('/');

/** No path has this character, and none is less. */
const asWalked = (path: string): string => path.replaceAll('/', '\0');

/** Whether `a` comes before `b` in the order of parts: by folder and by name, as `0/U`, `0/p`, `0.5/U`. */
export const isPathBefore = (a: string, b: string): boolean => asWalked(a) < asWalked(b);

/** Whether a file `path` would lie in a folder `folder`. In the order of parts, a clash is always between neighbours. */
export const isFolderOf = (folder: string, path: string): boolean => path.startsWith(`${folder}/`);

/** A path that is twice among these, or also a folder of another; undefined if each can be a file. */
export const clashAmong = (paths: readonly string[]): string | undefined => {
  const sorted = [...paths].sort();
  return sorted.find((path, i) => {
    const folder = `${path}/`;
    return path === sorted[i + 1] || sorted[placeOf(folder, sorted)]?.startsWith(folder) === true;
  });
};

/** Where the first of these stands that does not come before `text`. */
const placeOf = (text: string, sorted: readonly string[]): number => {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < text) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
};
