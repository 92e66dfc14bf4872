import type { Clock } from '#libs/clock/index.ts';
import { endOne, statOf } from '#libs/programs/index.ts';
import { fromViewers, readFlows, type Flow, type Span } from './flows.ts';
import type { Tokens } from './tokens.ts';
import { createTraffic, type Seen } from './traffic.ts';
import type { VncSession } from './websockify.ts';

/** Who watches which machine. */
export interface Viewers {
  /** Looks now, unless the last look is under half a second old. */
  look(): Promise<void>;
  seen(session: string): Seen;
  /** Ends the connections that the gateway carries for a session. */
  hangUp(session: string): Promise<void>;
  forget(session: string): void;
}

export interface ViewersOptions {
  clock: Clock;
  tokens: Tokens;
  /** Living sessions. */
  sessions: () => VncSession[];
  /** The gateway's port; undefined: it does not run. */
  gatewayPort: () => number | undefined;
  /** The nonces of the gateway's processes. */
  gatewayNonces: () => string[];
  /** Called with each session whose viewers sent or got something. */
  used: (session: string) => void;
}

const FRESH_MS = 500;
const HANG_UP_MS = 500;

export const createViewers = (options: ViewersOptions): Viewers => {
  const { clock, tokens, sessions, gatewayPort, gatewayNonces, used } = options;
  const traffic = createTraffic();
  let lookedAt = -Infinity;

  const look = async (): Promise<void> => {
    const all = sessions();
    const through = gatewayPort();
    const own = new Map(all.filter(({ port }) => port !== 0).map(({ port, id }) => [port, id]));
    const ports = spanOf([...own.keys(), ...(through === undefined ? [] : [through])]);
    const targets = spanOf(all.map(({ spec }) => spec.targetPort));
    if (ports === undefined || targets === undefined) {
      return;
    }
    const [flows, viewers] = await Promise.all([readFlows(ports, targets), tokens.viewers()]);
    const sessionOf = ({ port, pids }: Flow): string | undefined =>
      port === through ? pids.flatMap((pid) => viewers.get(nameOf(pid)) ?? [])[0] : own.get(port);
    for (const id of traffic.look(fromViewers(flows, ports), sessionOf)) {
      used(id);
    }
    await tokens.forget([...viewers.keys()].filter((name) => nameOf(pidOf(name)) !== name));
    await tokens.forgetUsed();
  };

  return {
    look: async () => {
      if (clock.monotonic() - lookedAt < FRESH_MS) {
        return;
      }
      lookedAt = clock.monotonic();
      await look();
    },
    seen: (id) => traffic.seen(id),
    hangUp: async (id) => {
      for (const [name, of] of await tokens.viewers()) {
        if (of !== id) {
          continue;
        }
        const startTicks = name.slice(name.indexOf('.') + 1);
        for (const nonce of gatewayNonces()) {
          await endOne({ nonce, pid: pidOf(name), startTicks }, HANG_UP_MS, clock);
        }
        await tokens.forget([name]);
      }
    },
    forget: (id) => traffic.forget(id),
  };
};

/** How the gateway names the process of a viewer. */
const nameOf = (pid: number): string => `${pid}.${statOf(pid)?.startTicks ?? ''}`;
const pidOf = (name: string): number => Number(name.slice(0, name.indexOf('.')));

const spanOf = (ports: readonly number[]): Span | undefined =>
  ports.length === 0 ? undefined : [Math.min(...ports), Math.max(...ports)];
