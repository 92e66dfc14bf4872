import { invalidFields } from '#libs/errors/index.ts';
import {
  clashAmong,
  isProjectPath,
  MAX_PROJECT_BYTES,
  MAX_PROJECT_FILES,
  MAX_PROJECT_PATH_CHARS,
  type Violations,
} from '#libs/mesh/index.ts';

/** A file of a project and its bytes. An empty file has no blob. */
export interface ProjectPart {
  path: string;
  blobName: string;
  sizeBytes: number;
  sha256: string;
}

/** Notes what is wrong with the files of a project. */
export const checkFiles = (
  wrong: Pick<Violations, 'require'>,
  files: readonly { path: string; objectId: string }[],
  mainPath: string,
): void => {
  const isFew = files.length >= 1 && files.length <= MAX_PROJECT_FILES;
  if (!wrong.require(isFew, 'files', `1 to ${MAX_PROJECT_FILES} files`)) {
    return;
  }
  const pathChars = files.reduce((sum, { path }) => sum + path.length, 0);
  const areShort = pathChars <= MAX_PROJECT_PATH_CHARS;
  const most = `paths of at most ${MAX_PROJECT_PATH_CHARS} characters together`;
  if (!wrong.require(areShort, 'files', `${most}; these have ${pathChars}`)) {
    return;
  }
  files.forEach(({ path }, i) =>
    wrong.require(
      isProjectPath(path),
      `files[${i}].path`,
      'at most 1,024 bytes and 64 parts, without control characters, no part empty, `.` or `..`',
    ),
  );
  const clash = clashAmong(files.map(({ path }) => path));
  wrong.require(
    clash === undefined,
    'files',
    `each path once, and none a folder of another: ${clash}`,
  );
  const main = files.find(({ path }) => path === mainPath);
  const isMain = main !== undefined && main.objectId !== '' && !mainPath.startsWith('/');
  wrong.require(isMain, 'main_path', 'one of the paths in the project’s own folder, and not empty');
};

/** The length of all files together. Throws INVALID_ARGUMENT `INVALID_FIELDS` if it is over the bound. */
export const totalBytesOf = (parts: readonly ProjectPart[]): number => {
  const total = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total > MAX_PROJECT_BYTES) {
    const description = `at most ${MAX_PROJECT_BYTES} bytes together; these have ${total}`;
    throw invalidFields([{ field: 'files', description }]);
  }
  return total;
};
