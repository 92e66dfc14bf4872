import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { allProcesses, processTree } from '#libs/programs/index.ts';
import type { SocketTable } from '../host/socket-table.ts';

/** Who listens on a port of this host. */
type Listening = 'nobody' | 'ours' | 'foreign';

/**
 * Who listens on a port: the process tree below `pid` (`ours`), another program, or nobody. Throws if the table cannot
 * be read.
 */
export const whoListens = async (
  sockets: SocketTable,
  port: number,
  pid: number,
): Promise<Listening> => {
  const rows = sockets.listeners().filter((row) => row.port === port);
  if (rows.length === 0) {
    return 'nobody';
  }
  const ours = new Set((await processTree(pid)).flatMap(socketInodes));
  return rows.every(({ inode }) => ours.has(inode)) ? 'ours' : 'foreign';
};

const socketInodes = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => socketInode(`/proc/${pid}/fd/${fd}`) ?? [],
    );
  } catch {
    return [];
  }
};

const socketInode = (link: string): number | undefined => {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1];
    return inode === undefined ? undefined : Number(inode);
  } catch {
    return undefined;
  }
};

/** Bytes that each connection of a forwarder has carried in and out. Below the processes of its sandbox, socat has a child for each. */
export const connectionsOf = (pid: number): Map<string, number> => {
  const all = allProcesses().filter(({ isDead }) => !isDead);
  let listener = all.find((each) => each.pid === pid);
  while (listener !== undefined && nameOf(listener.pid) !== 'socat') {
    const above = listener.pid;
    listener = all.find(({ parent }) => parent === above);
  }
  const children = all.filter(({ parent }) => parent === listener?.pid);
  return new Map(
    children.map(({ pid: child, startTicks }) => [`${child}/${startTicks}`, bytesOf(child)]),
  );
};

const nameOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return '';
  }
};

/** Bytes that a process and its ended children have read and written. Source: proc_pid_io(5). */
const bytesOf = (pid: number): number => {
  try {
    const io = readFileSync(`/proc/${pid}/io`, 'latin1');
    const [, read = '0'] = /rchar: (\d+)/.exec(io) ?? [];
    const [, written = '0'] = /wchar: (\d+)/.exec(io) ?? [];
    return Number(read) + Number(written);
  } catch {
    return 0;
  }
};
