import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { processTree, statOf } from '#libs/programs/index.ts';

/** What a process tree takes of the machine. All sizes in bytes. */
export interface Usage {
  /** Processes and threads. */
  threads: number;
  /** Memory that is its own or shared, in files without a name, and in the sandbox's own folders in memory; each once. */
  memoryBytes: number;
  /** Files on disk that have no name any more, and are open. */
  deletedBytes: number;
  /** Open files, counted up to a bound. */
  openFiles: number;
}

const KIB = 1024;
const BLOCK_BYTES = 512;
/** f_type of folders in memory (statfs(2)). */
const TMPFS = 0x01_02_19_94;
/** Folders of the sandbox that are in memory. */
const IN_MEMORY = ['tmp', 'dev/shm'];
const NOWHERE = [undefined, { dev: 0 }] as const;
/** Memory files, shared memory without a file, and SysV segments, as /proc/<pid>/maps names them. */
const MAJOR = '00:';
const SHARED = ['/memfd:', '/dev/zero ', '/SYSV'];
/** No honest program has a tenth of them open. */
export const MAX_OPEN_FILES = 20_000;

/** Files in memory, by device and inode, with the largest size that was seen. */
type Files = Map<string, number>;

const note = (files: Files, key: string, bytes: number): void =>
  void files.set(key, Math.max(files.get(key) ?? 0, bytes));

/** Memory of one process without what it shares by way of files in memory, which are counted by themselves. */
const ownBytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return (kib('RssAnon') + kib('RssFile')) * KIB;
};

/** Notes what is mapped of memory without a process: it may be in use although the process let go of it. */
const noteMapped = async (pid: number, files: Files): Promise<void> => {
  const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(() => '');
  // Blender maps 2,000 files, and cutting them into lines takes longer than the rest of a look.
  if (!SHARED.some((name) => maps.includes(name))) {
    return;
  }
  const mapped: Files = new Map();
  for (const line of maps
    .split('\n')
    .filter((each) => SHARED.some((name) => each.includes(name)))) {
    const [range = '', , , device = '', inode = ''] = line.split(' ');
    const [from = '', to = ''] = range.split('-');
    const key = `${Number.parseInt(device.slice(MAJOR.length), 16)}:${inode}`;
    const bytes = Number.parseInt(to, 16) - Number.parseInt(from, 16);
    mapped.set(key, (mapped.get(key) ?? 0) + bytes);
  }
  for (const [key, bytes] of mapped) {
    note(files, key, bytes);
  }
};

/** Notes open files that have no name, and answers how many files are open. `folders` are devices that are counted whole. */
const noteOpen = async (
  pid: number,
  most: number,
  { inMemory, onDisk }: { inMemory: Files; onDisk: Files },
  { disk, folders }: { disk: number; folders: ReadonlySet<number> },
): Promise<number> => {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors.slice(0, most)) {
    const file = await stat(`/proc/${pid}/fd/${descriptor}`).catch(() => undefined);
    if (file?.isFile() && file.nlink === 0 && !folders.has(file.dev)) {
      const files = file.dev === disk ? onDisk : inMemory;
      note(files, `${file.dev}:${file.ino}`, file.blocks * BLOCK_BYTES);
    }
  }
  return descriptors.length;
};

/** What the sandbox's folders in memory hold, and their devices. The first processes of the tree do not see them. */
const foldersInMemory = async (
  pids: readonly number[],
): Promise<{ bytes: number; devices: Set<number> }> => {
  const own = await stat('/');
  const found = { bytes: 0, devices: new Set<number>() };
  for (const pid of pids) {
    const root = await stat(`/proc/${pid}/root/`).catch(() => undefined);
    if (root === undefined || (root.dev === own.dev && root.ino === own.ino)) {
      continue;
    }
    for (const folder of IN_MEMORY) {
      const path = `/proc/${pid}/root/${folder}`;
      const [room, { dev }] = await Promise.all([statfs(path), stat(path)]).catch(() => NOWHERE);
      if (room?.type === TMPFS) {
        found.bytes += (room.blocks - room.bfree) * room.bsize;
        found.devices.add(dev);
      }
    }
    if (found.devices.size > 0) {
      break;
    }
  }
  return found;
};

const sum = (files: Files): number => [...files.values()].reduce((all, bytes) => all + bytes, 0);

/**
 * Adds up what a process and its descendants take, of at most `most` processes. `workDir` tells which files are on disk. What
 * a program sends itself through a socket, and holds nowhere else, is not seen.
 */
export const usageOf = async (pid: number, workDir: string, most: number): Promise<Usage> => {
  const pids = await processTree(pid, most);
  const folders = await foldersInMemory(pids);
  const places = { disk: (await stat(workDir)).dev, folders: folders.devices };
  const files: { inMemory: Files; onDisk: Files } = { inMemory: new Map(), onDisk: new Map() };
  const usage = { threads: 0, memoryBytes: folders.bytes, openFiles: 0 };
  for (const each of pids) {
    usage.threads += statOf(each)?.threads ?? 0;
    usage.memoryBytes += await ownBytes(each);
    await noteMapped(each, files.inMemory);
    const left = MAX_OPEN_FILES - usage.openFiles;
    usage.openFiles += left > 0 ? await noteOpen(each, left, files, places) : 0;
  }
  return {
    ...usage,
    memoryBytes: usage.memoryBytes + sum(files.inMemory),
    deletedBytes: sum(files.onDisk),
  };
};
