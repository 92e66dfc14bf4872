import { readFileSync } from 'node:fs';

/** Ports of this host on which anything has a TCP socket, as the kernel lists them. */
export interface SocketTable {
  /** Reads it anew; undefined if it cannot be read. */
  read(): ((port: number) => boolean) | undefined;
}

const FILES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** Of a closed connection: what listens next on the port does not mind. */
const TIME_WAIT = '06';

/** Local ports in a table of `/proc/net` that count as taken: every row but those in TIME_WAIT. Source: proc_net_tcp(5). */
export const takenPorts = (table: string): number[] =>
  table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state = ''] = line.trim().split(/\s+/);
      const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
      return Number.isNaN(port) || state === TIME_WAIT ? [] : [port];
    });

/** Never a probe by binding: a port whose listener is busy with a client looks free to that. */
export const createSocketTable = (files: readonly string[] = FILES): SocketTable => ({
  read: () => {
    const taken = new Set<number>();
    let isReadable = false;
    for (const file of files) {
      try {
        for (const port of takenPorts(readFileSync(file, 'latin1'))) taken.add(port);
        isReadable = true;
      } catch (thrown) {
        // A kernel without IPv6 has no second file.
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') return undefined;
      }
    }
    return isReadable ? (port) => taken.has(port) : undefined;
  },
});
