import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createPipe, type Pipe } from './proxy-pipe.ts';

/** `requests` go to the target, `replies` come from it. */
export type Direction = 'requests' | 'replies';

/** Sees the bytes that come. `connection` is the same for both directions. */
export interface Watcher {
  /** Bytes that are about to be passed on. */
  bytes(direction: Direction, bytes: Buffer, connection: object): void;
  /** The connection is closed. */
  end(connection: object): void;
}

/** A TCP proxy by which a test decides what arrives. At first it passes everything on. */
export interface Proxy extends AsyncDisposable {
  /** The port on the loopback interface. */
  readonly port: number;
  /** Delays everything in both directions by `ms`, in order. 0 ends the delay for later bytes. */
  delay(ms: number): void;
  /** Breaks all connections, and each new one at once. */
  cut(): void;
  /** Stops all bytes in both directions silently. Connections stay, and after heal() the bytes arrive, as in TCP. */
  blackhole(): void;
  /** Holds back the bytes of one direction until heal(). */
  hold(direction: Direction): void;
  /** Throws away the bytes of one direction. heal() breaks the connections that lost bytes, because the rest makes no sense. */
  drop(direction: Direction): void;
  /** Resolves when bytes of that direction were held back or thrown away since its last hold or drop. */
  caught(direction: Direction): Promise<void>;
  /** Lets everything pass again, including what was held back. */
  heal(): void;
  /** From now on shows all bytes to `watcher`. */
  watch(watcher: Watcher): void;
  /** How many connections there are now. */
  connections(): number;
}

interface Link {
  client: Socket;
  server: Socket;
  requests: Pipe;
  replies: Pipe;
}

/** Listens on a free port of the loopback interface, for a target there. */
export const startProxy = async ({ target }: { target: number }): Promise<Proxy> => {
  const links = new Set<Link>();
  let isCut = false;
  let delayMs = 0;
  let watcher: Watcher | undefined;
  const modes: Record<Direction, 'pass' | 'hold' | 'drop'> = { requests: 'pass', replies: 'pass' };
  const catches: Record<Direction, PromiseWithResolvers<void>> = {
    requests: Promise.withResolvers(),
    replies: Promise.withResolvers(),
  };

  const pipe = (from: Socket, to: Socket, direction: Direction): Pipe =>
    createPipe({
      from,
      to,
      mode: () => modes[direction],
      delayMs: () => delayMs,
      caught: () => catches[direction].resolve(),
      seen: (bytes) => watcher?.bytes(direction, bytes, direction === 'requests' ? from : to),
    });
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (isCut) {
      client.on('error', () => {}).resetAndDestroy();
      return;
    }
    const upstream = connect({
      port: target,
      host: '127.0.0.1',
      allowHalfOpen: true,
      noDelay: true,
    });
    client.setNoDelay(true);
    const link = {
      client,
      server: upstream,
      requests: pipe(client, upstream, 'requests'),
      replies: pipe(upstream, client, 'replies'),
    };
    links.add(link);
    for (const socket of [client, upstream]) {
      socket.once('close', () => {
        if (!client.destroyed || !upstream.destroyed) {
          return;
        }
        links.delete(link);
        watcher?.end(client);
      });
    }
  });
  const breakLink = (link: Link): void => {
    links.delete(link);
    link.requests.stop();
    link.replies.stop();
    link.server.resetAndDestroy();
    link.client.resetAndDestroy();
  };
  const set = (direction: Direction, mode: 'hold' | 'drop'): void => {
    modes[direction] = mode;
    catches[direction] = Promise.withResolvers();
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    delay: (ms) => {
      delayMs = ms;
    },
    cut: () => {
      isCut = true;
      for (const link of links) {
        breakLink(link);
      }
    },
    blackhole: () => {
      set('requests', 'hold');
      set('replies', 'hold');
    },
    hold: (direction) => set(direction, 'hold'),
    drop: (direction) => set(direction, 'drop'),
    caught: (direction) => catches[direction].promise,
    heal: () => {
      isCut = false;
      delayMs = 0;
      modes.requests = 'pass';
      modes.replies = 'pass';
      for (const link of links) {
        if (link.requests.hasLost() || link.replies.hasLost()) {
          breakLink(link);
        } else {
          link.requests.release();
          link.replies.release();
        }
      }
    },
    watch: (next) => {
      watcher = next;
    },
    connections: () => links.size,
    [Symbol.asyncDispose]: async () => {
      for (const link of links) {
        breakLink(link);
      }
      server.close();
      await once(server, 'close');
    },
  };
};
