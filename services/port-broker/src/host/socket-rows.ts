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
/** The state of a closed connection. Another program can listen on its port. */
const TIME_WAIT = '06';

export const isListening = ({ state }: SocketRow): boolean => state === LISTEN;

/** Whether a socket is bound to this IPv4 address or to all. Other sockets belong to hosts with their own addresses. */
export const boundFor = (address: string): ((row: SocketRow) => boolean) => {
  const bytes = address.split('.').map(Number).reverse();
  const own = Buffer.from(bytes).toString('hex').toUpperCase();
  const all = [own, '0'.repeat(8), '0'.repeat(32), `0000000000000000FFFF0000${own}`];
  return (row) => all.includes(row.address);
};

/** Every row that is not in TIME_WAIT takes its port. */
export const isTaking = ({ state }: SocketRow): boolean => state !== TIME_WAIT;

/** The rows of a table of `/proc/net`, or of a part of it. It skips lines that are no rows. Source: proc_net_tcp(5). */
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
