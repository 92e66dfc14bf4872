import { mkdtemp, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { unpack } from '#libs/archive/index.ts';
import { inputUnreadable, textOf, usage } from '../failures.ts';
import { listed, printable } from '../formats.ts';
import { checkName } from '../raw-names.ts';
import { checkReadable } from '../workload/upload.ts';

/** What a customer hands in: a .blend and the folder of its project. */
export interface ProjectInput extends AsyncDisposable {
  /** The .blend to open, an absolute path. */
  main: string;
  /** The folder outside of which nothing is taken. */
  folder: string;
  /** Without a suffix, for people and names of folders. */
  name: string;
}

/** The bound for files of a folder or archive. */
const MAX_ENTRIES = 100_000;
/** Above what deflate can do (1,032): the customer's own files may be as empty as they are. */
const MAX_RATIO = 1_100;
/** More .blend files than a person reads. */
const MAX_LISTED = 20;

/** How a .blend begins, plain or compressed, or a pointer of Git LFS, whatever their names. */
const BLEND = ['BLENDER', '\x1f\x8b', '\x28\xb5\x2f\xfd', 'version http'];
const PACK_ANEW = 'pack the folder of the project anew, or name the folder itself';

/** Whether it is a zip file. Throws INVALID_ARGUMENT `INPUT_UNREADABLE` if only its name says so, or if nothing is in it. */
const isZip = async (path: string): Promise<boolean> => {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(12), 0, 12, 0);
  const beginning = buffer.toString('latin1', 0, bytesRead);
  if (beginning.startsWith('PK\x05\x06')) {
    throw usage(`${printable(path)}: this zip is empty; ${PACK_ANEW}`, 'INPUT_UNREADABLE');
  }
  const isZipFile = beginning.startsWith('PK\x03\x04');
  if (!isZipFile && /\.zip$/i.test(path) && !BLEND.some((each) => beginning.startsWith(each))) {
    throw usage(`${printable(path)} is not a zip file; ${PACK_ANEW}`, 'INPUT_UNREADABLE');
  }
  return isZipFile;
};

/**
 * Finds the .blend to render in what was handed in: itself, or in a folder or zip file the only one or the one that `blend`
 * names. A zip file is unpacked to a temporary folder. Throws INVALID_ARGUMENT `INPUT_UNREADABLE`,
 * `NAME_NOT_UTF8`, `NO_BLEND_FILE`, `SEVERAL_BLEND_FILES`, FAILED_PRECONDITION `ARCHIVE_UNFIT`.
 */
export const openInput = async (path: string, blend: string): Promise<ProjectInput> => {
  await checkName(path);
  const found = await stat(path).catch((error: unknown) => {
    throw inputUnreadable(path, textOf(error), error);
  });
  if (found.isDirectory()) {
    return { ...(await inFolder(path, blend)), [Symbol.asyncDispose]: async () => undefined };
  }
  await checkReadable(path);
  if (await isZip(path)) {
    return unpacked(path, blend);
  }
  return {
    main: path,
    folder: dirname(path),
    name: withoutSuffix(path),
    [Symbol.asyncDispose]: async () => undefined,
  };
};

const withoutSuffix = (path: string): string => basename(path).replace(/(?<=.)\.[^.]*$/, '');

const unpacked = async (path: string, blend: string): Promise<ProjectInput> => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'muster-project-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { bavail, bsize } = await statfs(folder);
  await unpack(path, folder, {
    bytes: bavail * bsize,
    entries: MAX_ENTRIES,
    ratio: MAX_RATIO,
  });
  const project = await inFolder(folder, blend, path);
  const opened = stack.move();
  return {
    ...project,
    name: withoutSuffix(path),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

const inFolder = async (folder: string, blend: string, shown = folder) => {
  const blends = await blendsBelow(folder);
  const chosen = blends.filter(
    (name) =>
      blend === '' || name === blend || basename(name) === blend || withoutSuffix(name) === blend,
  );
  const [main] = chosen;
  if (main === undefined) {
    throw usage(
      blends.length === 0
        ? `${shown} holds no .blend file; name the folder or zip file of a project, or a .blend`
        : `${shown} holds no ${printable(blend)}; choose with --blend one of: ${listed(blends, MAX_LISTED)}`,
      'NO_BLEND_FILE',
    );
  }
  if (chosen.length > 1 && !blends.includes(blend)) {
    throw usage(
      `${shown} holds ${chosen.length} .blend files; choose one with --blend: ${listed(chosen, MAX_LISTED)}`,
      'SEVERAL_BLEND_FILES',
    );
  }
  const chosenMain = join(folder, blends.includes(blend) ? blend : main);
  await checkName(chosenMain);
  return {
    main: chosenMain,
    folder,
    name: basename(folder),
  };
};

const blendsBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(
    (error: unknown) => {
      throw inputUnreadable(folder, textOf(error), error);
    },
  );
  return entries
    .slice(0, MAX_ENTRIES)
    .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith('.blend'))
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .filter((name) => !name.startsWith('__MACOSX/'))
    .sort();
};
