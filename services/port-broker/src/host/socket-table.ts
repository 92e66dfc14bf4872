import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { boundFor, isListening, isTaking, socketRows, type SocketRow } from './socket-rows.ts';

/** Ports of this host on which anything has a TCP socket, as the kernel lists them. */
export interface SocketTable {
  /** Reads it anew; undefined if it cannot be read. */
  read(): ((port: number) => boolean) | undefined;
  /** Who listens, read anew. Throws if it cannot be read. */
  listeners(): SocketRow[];
}

/** The kernel's files for one version of IP. */
interface SocketFiles {
  table: string;
  /** How many sockets there are, those in TIME_WAIT left out. */
  count: { file: string; line: string };
}

const FILES: readonly SocketFiles[] = [
  { table: '/proc/net/tcp', count: { file: '/proc/net/sockstat', line: 'TCP: inuse' } },
  { table: '/proc/net/tcp6', count: { file: '/proc/net/sockstat6', line: 'TCP6: inuse' } },
];

/** How old the knowledge of sockets that do not listen may be. */
const OTHERS_MS = 100;
const ROW_BYTES = 150;
const PAGE_BYTES = 4_096;

/**
 * It never binds a port to probe it, because a port whose listener is busy with a client looks free to that.
 *
 * The kernel walks its whole table of connections to list it (4 ms for each version of IP, however few there are), but listeners come first,
 * and it walks only as far as it is read. So the listeners are read each time, and the other sockets at most ten times a second. A port
 * counts as taken by one of those only after a fresh look.
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
        // A listener that has gone may have left a connection.
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
      // Not beyond the last row expected: one row more can cost a walk through the whole table.
      expected = Math.max(1, likely - rows.length);
    }
  } finally {
    closeSync(file);
  }
  // If a socket came or went meanwhile, rows may be missing, so the whole table is read.
  const isWhole = socketCount(files) === before;
  return (isWhole ? rows : socketRows(readFileSync(files.table, 'latin1'))).filter(isListening);
};

/** Infinity if the file does not say. */
const socketCount = ({ count: { file, line } }: SocketFiles): number => {
  const told = ifThere(() => readFileSync(file, 'latin1'))
    ?.split('\n')
    .find((each) => each.startsWith(line));
  return told === undefined ? Infinity : Number(told.slice(line.length).trim().split(' ')[0]);
};
