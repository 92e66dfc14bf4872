import type { Clock } from '#libs/clock/index.ts';
import { endOne, statOf } from '#libs/programs/index.ts';
import { fromViewers, readFlows, type Flow, type Span } from './flows.ts';
import type { Tokens } from './tokens.ts';
import type { VncSession } from './websockify.ts';

interface Seen {
  viewers: number;
  sentBytes: number;
  receivedBytes: number;
}

interface ViewersOptions {
  clock: Clock;
  tokens: Tokens;
  sessions: () => VncSession[];
  /** undefined: it does not run. */
  gateway: () => VncSession | undefined;
  nonces: (session: string) => ReadonlySet<string>;
  /** Called with each session whose viewers sent or received bytes. */
  used: (session: string) => void;
}

const FRESH_MS = 500;
const HANG_UP_MS = 500;

/** Who watches which machine. */
export const createViewers = (options: ViewersOptions) => {
  const { clock, tokens, sessions, gateway, nonces, used } = options;
  const totals = new Map<string, Seen>();
  /** The connections of the last look, by port and peer. */
  let last = new Map<string, Flow & { session: string }>();
  let lookedAt = -Infinity;

  const seen = (session: string): Seen =>
    totals.get(session) ?? { viewers: 0, sentBytes: 0, receivedBytes: 0 };

  /**
   * Adds up the bytes that connections carried since the last look. Returns the sessions whose connections carried any.
   */
  const count = (
    flows: readonly Flow[],
    sessionOf: (flow: Flow) => string | undefined,
  ): Set<string> => {
    const next: typeof last = new Map();
    const active = new Set<string>();
    for (const [session, total] of totals) {
      totals.set(session, { ...total, viewers: 0 });
    }
    for (const flow of flows) {
      const key = `${flow.port} ${flow.peer}`;
      const before = last.get(key);
      // The session is remembered, because the process that reveals it can end before the connection does.
      const session = before?.session ?? sessionOf(flow);
      if (session === undefined) {
        continue;
      }
      next.set(key, { ...flow, session });
      const sent = flow.sentBytes - (before?.sentBytes ?? 0);
      const received = flow.receivedBytes - (before?.receivedBytes ?? 0);
      if (sent > 0 || received > 0) {
        active.add(session);
      }
      const { viewers, sentBytes, receivedBytes } = seen(session);
      totals.set(session, {
        viewers: viewers + 1,
        sentBytes: sentBytes + sent,
        receivedBytes: receivedBytes + received,
      });
    }
    last = next;
    return active;
  };

  const look = async (): Promise<void> => {
    const all = sessions();
    const through = gateway()?.port;
    const own = new Map(all.filter(({ port }) => port !== 0).map(({ port, id }) => [port, id]));
    const ports = spanOf([...own.keys(), ...(through === undefined ? [] : [through])]);
    const targets = spanOf(all.map(({ spec }) => spec.targetPort));
    if (ports === undefined || targets === undefined) {
      return;
    }
    const [flows, viewers] = await Promise.all([readFlows(ports, targets), tokens.viewers()]);
    const sessionOf = ({ port, pids }: Flow): string | undefined =>
      port === through ? pids.flatMap((pid) => viewers.get(nameOf(pid)) ?? [])[0] : own.get(port);
    for (const id of count(fromViewers(flows, ports), sessionOf)) {
      used(id);
    }
    await tokens.forget([...viewers.keys()].filter((name) => nameOf(pidOf(name)) !== name));
    await tokens.forgetUsed();
  };

  return {
    /** Looks now, unless the last look is under half a second old. */
    look: async (): Promise<void> => {
      if (clock.monotonic() - lookedAt >= FRESH_MS) {
        lookedAt = clock.monotonic();
        await look();
      }
    },
    seen,
    /** Ends the connections that the gateway carries for a session. */
    hangUp: async (id: string): Promise<void> => {
      for (const [name, of] of await tokens.viewers()) {
        if (of !== id) {
          continue;
        }
        const startTicks = name.slice(name.indexOf('.') + 1);
        for (const nonce of nonces(gateway()?.id ?? '')) {
          await endOne({ nonce, pid: pidOf(name), startTicks }, HANG_UP_MS, clock);
        }
        await tokens.forget([name]);
      }
    },
    forget: (id: string): void => void totals.delete(id),
  };
};

export type Viewers = ReturnType<typeof createViewers>;

/** The name of a viewer's process in the gateway's files. */
const nameOf = (pid: number): string => `${pid}.${statOf(pid)?.startTicks ?? ''}`;
const pidOf = (name: string): number => Number(name.slice(0, name.indexOf('.')));

const spanOf = (ports: readonly number[]): Span | undefined =>
  ports.length === 0 ? undefined : [Math.min(...ports), Math.max(...ports)];
