import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { boundFor, isListening, isTaking, socketRows, type SocketRow } from './socket-rows.ts';

/** Ports of this host on which anything has a TCP socket, as the kernel lists them. */
export interface SocketTable {
  /** Reads the table anew and returns whether a port is taken; undefined if that fails. */
  read(): ((port: number) => boolean) | undefined;
  /** Reads anew who listens. Throws if the table cannot be read. */
  listeners(): SocketRow[];
}

/** The kernel's files for one version of IP. */
interface SocketFiles {
  table: string;
  /** The file and line with the number of sockets, without those in TIME_WAIT. */
  count: { file: string; line: string };
}

const FILES: readonly SocketFiles[] = [
  { table: '/proc/net/tcp', count: { file: '/proc/net/sockstat', line: 'TCP: inuse' } },
  { table: '/proc/net/tcp6', count: { file: '/proc/net/sockstat6', line: 'TCP6: inuse' } },
];

/** The greatest age of what is known of sockets that do not listen. */
const OTHERS_MS = 100;
const ROW_BYTES = 150;
const PAGE_BYTES = 4_096;

/**
 * It never binds a port to probe it, because the port of a busy listener looks free to a probe.
 *
 * The kernel walks its whole table of connections to list it, which takes 4 ms for each version of IP, however few
 * there are. It lists listeners first, and walks only as far as somebody reads. So the broker reads the listeners each
 * time, and the other sockets at most ten times a second. A port counts as taken by one of those only after a fresh
 * look.
 */
export const createSocketTable = ({
  files = FILES,
  address,
}: {
  files?: readonly SocketFiles[];
  address?: string;
} = {}): SocketTable => {
  /** Each of several hosts on a machine counts the sockets of its own loopback address and of all addresses. */
  const isOurs = address === undefined ? (): boolean => true : boundFor(address);
  let others = new Set<number>();
  let listening = new Set<number>();
  let readAt = -Infinity;
  let isRefreshing = false;
  const keep = (tables: readonly string[], at: number): void => {
    const rows = tables.flatMap(socketRows).filter(isOurs);
    others = new Set(
      rows.filter((row) => isTaking(row) && !isListening(row)).map(({ port }) => port),
    );
    readAt = at;
  };
  const refreshNow = (): void => {
    const at = performance.now();
    keep(
      files.map(({ table }) => ifThere(() => readFileSync(table, 'latin1')) ?? ''),
      at,
    );
  };
  const refreshSoon = async (): Promise<void> => {
    if (isRefreshing) {
      return;
    }
    isRefreshing = true;
    const at = performance.now();
    try {
      keep(
        await Promise.all(files.map(({ table }) => readFile(table, 'latin1').catch(() => ''))),
        at,
      );
    } finally {
      isRefreshing = false;
    }
  };
  const known = files.map(() => 0);
  const listeners = (): SocketRow[] => {
    const rows = files.map((file, i) => ifThere(() => listenersOf(file, known[i] ?? 0)));
    if (rows.every((each) => each === undefined)) {
      throw new Error('this host has no table of sockets');
    }
    for (const [i, each] of rows.entries()) {
      known[i] = each?.length ?? 0;
    }
    return rows.flatMap((each) => each ?? []).filter(isOurs);
  };
  return {
    listeners,
    read: () => {
      try {
        const before = listening;
        listening = new Set(listeners().map(({ port }) => port));
        const age = performance.now() - readAt;
        // A listener that ended may have left a connection.
        let isFresh = age > OTHERS_MS || !before.isSubsetOf(listening);
        if (isFresh) {
          refreshNow();
        } else if (age > OTHERS_MS / 2) {
          void refreshSoon();
        }
        const now = listening;
        return (port) => {
          if (now.has(port)) {
            return true;
          }
          if (!isFresh && others.has(port)) {
            refreshNow();
            isFresh = true;
          }
          return others.has(port);
        };
      } catch {
        return undefined;
      }
    },
  };
};

/** A kernel without IPv6 has no second file. */
const ifThere = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw thrown;
    }
    return undefined;
  }
};

/** Reads until the first row that does not listen. `likely`: how many rows will probably listen. */
const listenersOf = (files: SocketFiles, likely: number): SocketRow[] => {
  const before = socketCount(files);
  const file = openSync(files.table, 'r');
  const page = Buffer.alloc(PAGE_BYTES);
  const rows: SocketRow[] = [];
  let text = '';
  try {
    // The heading comes first.
    let expected = 1;
    let last: SocketRow | undefined;
    while (rows.length < before && (last === undefined || isListening(last))) {
      const length = readSync(file, page, 0, Math.min(PAGE_BYTES, expected * ROW_BYTES), null);
      if (length === 0) {
        break;
      }
      text += page.toString('latin1', 0, length);
      const end = text.lastIndexOf('\n') + 1;
      rows.push(...socketRows(text.slice(0, end)));
      text = text.slice(end);
      last = rows.at(-1);
      // It stops at the last expected row, because one more row can cost a walk through the whole table.
      expected = Math.max(1, likely - rows.length);
    }
  } finally {
    closeSync(file);
  }
  // If a socket came or went meanwhile, rows may be missing, so the whole table is read.
  const isWhole = socketCount(files) === before;
  return (isWhole ? rows : socketRows(readFileSync(files.table, 'latin1'))).filter(isListening);
};

/** Infinity if the file has no such line. */
const socketCount = ({ count: { file, line } }: SocketFiles): number => {
  const told = ifThere(() => readFileSync(file, 'latin1'))
    ?.split('\n')
    .find((each) => each.startsWith(line));
  return told === undefined ? Infinity : Number(told.slice(line.length).trim().split(' ')[0]);
};
