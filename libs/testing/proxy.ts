import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createPipe, type Pipe } from './proxy-pipe.ts';

/** `requests` go to the target, `replies` come from it. */
export type Direction = 'requests' | 'replies';

/** Sees what comes; `connection` is the same for both ways of one. */
export interface Watcher {
  /** Bytes that are about to be passed on. */
  bytes(direction: Direction, bytes: Buffer, connection: object): void;
  /** The connection is no more. */
  end(connection: object): void;
}

/** A TCP connection through which a test decides what arrives. Until told otherwise it passes everything on. */
export interface Proxy extends AsyncDisposable {
  /** Of the loopback interface. */
  readonly port: number;
  /** Everything, both ways, arrives `ms` later, in order. 0 ends that for what comes from now on. */
  delay(ms: number): void;
  /** Breaks every connection, and each new one as soon as it is made. */
  cut(): void;
  /** Nothing arrives any more, either way, and nobody is told; connections stay. Arrives after heal(), as in TCP. */
  blackhole(): void;
  /** Keeps back what goes one way; it arrives after heal(). */
  hold(direction: Direction): void;
  /** Throws away what goes one way. heal() breaks the connections that lost something: the rest would make no sense. */
  drop(direction: Direction): void;
  /** Resolves when something that goes that way has been held back or thrown away since the last hold or drop of it. */
  caught(direction: Direction): Promise<void>;
  /** Lets everything pass again, also what was held back. */
  heal(): void;
  /** From now on shows everything that comes to `watcher`. */
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
    const upstream = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
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
        if (!client.destroyed || !upstream.destroyed) return;
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
      for (const link of links) breakLink(link);
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
      for (const link of links) breakLink(link);
      server.close();
      await once(server, 'close');
    },
  };
};
