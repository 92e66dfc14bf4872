/** A TCP socket of this host. */
export interface SocketRow {
  /** Its own end. */
  port: number;
  /** As the kernel writes it: hexadecimal, words in the machine's order. */
  address: string;
  state: string;
  /** 0 for one that no file descriptor refers to. */
  inode: number;
}

const LISTEN = '0A';
/** Of a closed connection. Another program can listen on the port all the same. */
const TIME_WAIT = '06';

export const isListening = ({ state }: SocketRow): boolean => state === LISTEN;

/** Whether a socket is bound to this IPv4 address or to all. Others belong to hosts with addresses of their own. */
export const boundFor = (address: string): ((row: SocketRow) => boolean) => {
  const bytes = address.split('.').map(Number).reverse();
  const own = Buffer.from(bytes).toString('hex').toUpperCase();
  const all = [own, '0'.repeat(8), '0'.repeat(32), `0000000000000000FFFF0000${own}`];
  return (row) => all.includes(row.address);
};

/** A port is taken by every row that is not in TIME_WAIT. */
export const isTaking = ({ state }: SocketRow): boolean => state !== TIME_WAIT;

/** The rows of a table of `/proc/net` or of a part of it. Lines that are no rows are left out. Source: proc_net_tcp(5). */
export const socketRows = (table: string): SocketRow[] =>
  table.split('\n').flatMap((line) => socketRow(line) ?? []);

const socketRow = (line: string): SocketRow | undefined => {
  const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
  const colon = local.lastIndexOf(':');
  const port = Number.parseInt(local.slice(colon + 1), 16);
  return Number.isNaN(port)
    ? undefined
    : { port, address: local.slice(0, colon), state, inode: Number(inode) };
};
