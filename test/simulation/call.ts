import { createBell } from '#libs/async/index.ts';
import type { ConnectRequest, ConnectResponse } from '#libs/contracts/agent.ts';
import { DomainError, status, unavailable } from '#libs/errors/index.ts';
import type { Bidi, CallContext } from '#libs/grpc/index.ts';
import type { Network } from './network.ts';
import type { Process, World } from './world.ts';

/** What an agent hears on its stream. */
export interface CallListener {
  hear(message: NonNullable<ConnectResponse['message']>): void;
  /** The stream is over; undefined is OK. */
  end(error: DomainError | undefined): void;
}

/** An agent's side of its stream. */
export interface AgentCall {
  send(message: NonNullable<ConnectRequest['message']>): void;
  /** Gives the stream up; the listener hears nothing more. */
  cancel(): void;
}

export interface CallOptions {
  agent: Process;
  manager: Process;
  /** The machine that the agent's token names. */
  machine: string;
  connect: Bidi<ConnectRequest, ConnectResponse>;
  listener: CallListener;
}

/** Keep-alive pings find out within this that the other side is silent. */
const SILENT_MS = 9_000;
/** The kernel tells the other side that a process has ended. */
const ENDED_MS = 1_000;
const LOOK_MS = 2_000;

/**
 * Opens a stream to a manager: the real handler, without gRPC. Messages of one direction arrive late, but in order. Where a
 * process stands still or is cut off, they wait; when that lasts too long, both sides see the stream break.
 */
export const openCall = (world: World, network: Network, options: CallOptions): AgentCall => {
  const { agent, manager, machine, connect, listener } = options;
  const waiting: ConnectRequest[] = [];
  const bell = createBell();
  const over = new AbortController();
  const never = new AbortController();
  // Node keeps signals that somebody listens to, and with them the whole world of this run.
  world.atEnd(() => over.abort(unavailable('world', 'the simulation is over')));
  const patienceMs = SILENT_MS * world.random.float();
  let [isAgentThere, isManagerThere] = [true, true];

  const isWell = (): boolean =>
    [agent, manager].every(
      (process) => process.isAlive && !process.isFrozen && !network.isCut(process),
    );
  /** One direction of the connection. */
  const way = (to: Process) => {
    const held: (() => void)[] = [];
    let last = 0;
    return {
      send(what: string, fn: () => void): void {
        last = Math.max(last, world.now() + 0.2 + world.random.float() ** 3 * 20);
        const arrive = (): void => {
          if (held.length > 0 || network.isCut(agent) || network.isCut(manager)) {
            held.push(fn);
          } else {
            fn();
          }
        };
        world.after(last - world.now(), what, arrive, to);
      },
      /** What was held back while it was cut off arrives. */
      release: (): void => held.splice(0).forEach((fn) => fn()),
    };
  };
  const [toManager, toAgent] = [way(manager), way(agent)];

  const endForAgent = (error: DomainError | undefined): void => {
    if (!isAgentThere) {
      return;
    }
    isAgentThere = false;
    listener.end(error);
  };
  const endForManager = (error: DomainError): void => {
    if (!isManagerThere) {
      return;
    }
    isManagerThere = false;
    over.abort(error);
  };

  async function* requests(): AsyncGenerator<ConnectRequest, void> {
    for (;;) {
      over.signal.throwIfAborted();
      const next = waiting.shift();
      if (next === undefined) {
        await bell.rung(over.signal);
      } else {
        yield next;
      }
    }
  }
  const serve = async (): Promise<void> => {
    const end = (error: DomainError | undefined): void => {
      if (!isManagerThere) {
        return;
      }
      toAgent.send(`hears that its stream is over: ${error?.reason ?? 'OK'}`, () =>
        endForAgent(error),
      );
      endForManager(error ?? new DomainError(status.CANCELLED, 'CANCELLED', 'the call is over'));
    };
    const call = {
      caller: { role: 'agent', subject: machine, machine },
      signal: over.signal,
      abort: end,
      draining: never.signal,
    } as unknown as CallContext;
    try {
      for await (const { message } of connect(requests(), call)) {
        if (message === undefined) {
          continue;
        }
        toAgent.send(`hears ${message.$case}`, () =>
          isAgentThere ? listener.hear(message) : undefined,
        );
      }
      end(undefined);
    } catch (thrown) {
      if (!(thrown instanceof DomainError)) {
        throw thrown;
      }
      end(thrown);
    }
  };

  let silentSince: number | undefined;
  const look = (): void => {
    if (!isAgentThere && !isManagerThere) {
      return;
    }
    if (isWell()) {
      silentSince = undefined;
      toManager.release();
      toAgent.release();
    } else {
      silentSince ??= world.now();
    }
    const isTold = [agent, manager].some(({ isAlive, hasVanished }) => !isAlive && !hasVanished);
    const boundMs = isTold ? (patienceMs / SILENT_MS) * ENDED_MS : patienceMs;
    if (silentSince === undefined || world.now() - silentSince < boundMs) {
      world.after(LOOK_MS, 'looks at a stream', look);
      return;
    }
    const error = unavailable('peer', 'the other side is silent');
    world.after(0, 'loses its stream', () => endForAgent(error), agent);
    world.after(0, `loses the stream of ${machine}`, () => endForManager(error), manager);
  };

  toManager.send(`is called by ${machine}`, () => void serve());
  look();
  return {
    send: (message) =>
      toManager.send(`hears ${message.$case} of ${machine}`, () => {
        if (isManagerThere) {
          waiting.push({ message });
          bell.ring();
        }
      }),
    cancel: () => {
      isAgentThere = false;
      const error = new DomainError(status.CANCELLED, 'CANCELLED', 'the agent has gone');
      toManager.send(`sees ${machine} go`, () => endForManager(error));
    },
  };
};
