import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  chmod,
  constants,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
} from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Random } from '#libs/random/index.ts';
import { handOver, makeWorkDir, type Sandbox } from '#libs/sandbox/index.ts';
import type { Cancelled, Failed, FetchedParts, PartFile } from '../engine.ts';

/** The case has more files than it may. */
export class TooManyFiles extends Error {
  override readonly name = 'TooManyFiles';
}

/** Scripts come without the right to be executed. */
const isScript = (path: string): boolean =>
  basename(path).startsWith('All') || path.endsWith('.sh') || path.endsWith('.py');

/** Lets scripts of a case be executed, and gives the whole to the user of the box. Nothing may run in it meanwhile. */
export const settle = async (
  sandbox: Sandbox,
  folder: string,
  paths: readonly string[],
): Promise<void> => {
  for (const path of paths.filter(isScript)) {
    await chmod(join(folder, path), 0o755);
  }
  await handOver(sandbox, folder);
};

/** A file of a case on this machine. Different ones may have the same file. */
export type Part = PartFile & { file: string };

/** Makes a new folder and has files of an earlier task put into it, to which programs in the box can write. */
export const layOut = async (
  sandbox: Sandbox,
  folder: string,
  fetch: (folder: string) => Promise<FetchedParts | Failed | Cancelled>,
): Promise<FetchedParts | Failed | Cancelled> => {
  await makeWorkDir(sandbox, folder);
  const fetched = await fetch(folder);
  if (fetched.kind === 'fetched') {
    await settle(sandbox, folder, fetched.paths);
  }
  return fetched;
};

/**
 * The files of a folder by their paths, links and the like left out.
 *
 * @throws TooManyFiles
 */
export const filesBelow = async (folder: string, maxFiles: number): Promise<string[]> => {
  const files: string[] = [];
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    // A folder may go away meanwhile.
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) {
        waiting.push(path);
      } else if (entry.isFile()) {
        files.push(relative(folder, path));
      }
      if (files.length + waiting.length > maxFiles) {
        throw new TooManyFiles(`the case has more than ${maxFiles} files`);
      }
    }
  }
  return files.sort();
};

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** A pipe without a writer would hold whoever opens it. */
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file below a folder in which a stranger's program may be at work: it could put a link in place of each folder on the way, and
 * the agent may read what the program may not. So each is opened in the one before. Undefined: it is gone, or is no file.
 */
export const openBelow = async (root: string, path: string): Promise<FileHandle | undefined> => {
  const steps = path.split('/');
  let handle = await open(root, FOLDER).catch(() => undefined);
  for (const [i, step] of steps.entries()) {
    if (handle === undefined) {
      return undefined;
    }
    await using folder = handle;
    const isLast = i === steps.length - 1;
    const inside = `/proc/self/fd/${folder.fd}/${step}`;
    handle = await open(inside, isLast ? FILE : FOLDER).catch(() => undefined);
  }
  if (handle !== undefined && !(await handle.stat()).isFile()) {
    await handle.close();
    return undefined;
  }
  return handle;
};

/** At most `maxBytes` of a file; undefined if there is none. */
const bytesOf = async (
  root: string,
  path: string,
  maxBytes: number,
  isEnd: boolean,
): Promise<Buffer | undefined> => {
  await using handle = await openBelow(root, path);
  if (handle === undefined) {
    return undefined;
  }
  const { size } = await handle.stat();
  const length = Math.min(size, maxBytes);
  const from = isEnd ? size - length : 0;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
};

/** The text of a file, at most the first `maxBytes`; undefined if there is none. */
export const readBelow = async (root: string, path: string, maxBytes: number) =>
  (await bytesOf(root, path, maxBytes, false))?.toString('utf8');

/** The same of its end, a character for each byte. */
export const readEnd = async (root: string, path: string, maxBytes: number) =>
  (await bytesOf(root, path, maxBytes, true))?.toString('latin1');

const CHUNK_BYTES = 1024 ** 2;

/** Copies a file as long as it is now, and tells its hash. */
const copyOf = async (handle: FileHandle, path: string, to: string): Promise<Part> => {
  const { size } = await handle.stat();
  const digest = createHash('sha256');
  await using target = await open(to, 'wx', 0o600);
  const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(size, 1)));
  let at = 0;
  while (at < size) {
    const wanted = Math.min(buffer.length, size - at);
    const { bytesRead } = await handle.read(buffer, 0, wanted, at);
    if (bytesRead === 0) {
      break;
    }
    const chunk = buffer.subarray(0, bytesRead);
    digest.update(chunk);
    await target.writeFile(chunk);
    at += bytesRead;
  }
  return { path, file: to, sha256: digest.digest('hex'), sizeBytes: at };
};

/** The parts of a case that nobody changes any more: its files are moved to `into`. */
export const moveParts = async (
  root: string,
  paths: readonly string[],
  into: string,
  random: Random,
): Promise<Part[]> => {
  await mkdir(into, { recursive: true });
  const parts: Part[] = [];
  for (const path of paths) {
    await using handle = await openBelow(root, path);
    if (handle === undefined) {
      continue;
    }
    const { size } = await handle.stat();
    const digest = createHash('sha256');
    for await (const chunk of handle.createReadStream({
      autoClose: false,
      highWaterMark: CHUNK_BYTES,
    })) {
      digest.update(chunk as Buffer);
    }
    const file = join(into, random.id('p'));
    await rename(join(root, path), file);
    parts.push({ path, file, sha256: digest.digest('hex'), sizeBytes: size });
  }
  return parts;
};

/** Tells one state of a file from another without reading it. */
const markOf = ({ ino, size, mtimeMs }: Stats): string => [ino, size, mtimeMs].join(':');

/**
 * Copies of the files of a case at which a program works. What has not changed since the last copies is not copied again.
 *
 * @param into a folder for them, which `remove` removes
 */
export const createSnapshots = (root: string, into: string, random: Random) => {
  let known = new Map<string, { mark: string; part: Part }>();
  return {
    /** Copies these files, and forgets those of earlier copies that are not among them. */
    take: async (paths: readonly string[]): Promise<Part[]> => {
      await mkdir(into, { recursive: true });
      const taken = new Map<string, { mark: string; part: Part }>();
      for (const path of paths) {
        const state = await lstat(join(root, path)).catch(() => undefined);
        const before = known.get(path);
        if (state !== undefined && before?.mark === markOf(state)) {
          taken.set(path, before);
          continue;
        }
        await using handle = await openBelow(root, path);
        if (handle !== undefined) {
          const mark = markOf(await handle.stat());
          const part = await copyOf(handle, path, join(into, random.id('c')));
          taken.set(path, { mark, part });
        }
      }
      for (const [path, { part }] of known) {
        if (taken.get(path)?.part !== part) {
          await rm(part.file, { force: true });
        }
      }
      known = taken;
      return [...taken.values()].map(({ part }) => part);
    },
    remove: (): Promise<void> => rm(into, { recursive: true, force: true }),
  };
};
