import { ProjectManifest } from '#libs/contracts/blob.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { clashAmong, isProjectPath, isSha256, MAX_PROJECT_FILES } from '#libs/mesh/index.ts';
import { placesOf } from './places.ts';

/** A manifest of 20,000 files with the longest paths has about 24 MiB. */
export const MAX_MANIFEST_BYTES = 32 * 1024 ** 2;

/** Each place is a mount of the sandbox. */
const MAX_PLACES = 64;

/** INVALID_ARGUMENT `PROJECT_UNREADABLE`: no machine can lay the project out. */
export const projectUnreadable = (why: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'PROJECT_UNREADABLE',
    `the project cannot be laid out: ${why}; hand it in again`,
  );

/** Reads a manifest, which a customer had a hand in. Throws INVALID_ARGUMENT `PROJECT_UNREADABLE`. */
export const readManifest = (bytes: Uint8Array): ProjectManifest => {
  let manifest: ProjectManifest;
  try {
    manifest = ProjectManifest.decode(bytes);
  } catch {
    throw projectUnreadable('its manifest is damaged');
  }
  const { files, mainPath } = manifest;
  const paths = files.map(({ path }) => path);
  if (files.length > MAX_PROJECT_FILES) {
    throw projectUnreadable(`it has ${files.length} files`);
  }
  const wrong =
    files.find(({ path, sha256 }) => !isProjectPath(path) || !isSha256(sha256))?.path ??
    clashAmong(paths);
  if (wrong !== undefined) {
    throw projectUnreadable(`${wrong} has no place of its own`);
  }
  if (!paths.includes(mainPath) || mainPath.startsWith('/')) {
    throw projectUnreadable(`${mainPath} is none of its files`);
  }
  if (placesOf(paths).length > MAX_PLACES) {
    throw projectUnreadable(`its files belong in more than ${MAX_PLACES} folders of the machine`);
  }
  return manifest;
};
