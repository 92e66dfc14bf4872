import { readdirSync, readlinkSync } from 'node:fs';
import { processTree } from '#libs/programs/index.ts';
import type { SocketTable } from '../host/socket-table.ts';

/** Who listens on a port of this host. */
export type Listening = 'nobody' | 'ours' | 'foreign';

/** Who listens on a port: the process tree below `pid` (`ours`), somebody else, or nobody. Throws if the sockets cannot be read. */
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
