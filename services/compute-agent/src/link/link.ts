import type { Clock } from '#libs/clock/index.ts';
import type { Hello } from '#libs/contracts/agent.ts';
import type { Random } from '#libs/random/index.ts';
import { type Ending, reconnectMs } from '../domain/ending.ts';
import type { Events } from '../events.ts';
import { sendKnown } from './known.ts';
import type { Outgoing } from './outgoing.ts';
import { type AgentCall, converse, type Listener } from './stream.ts';

/** A machine's connection to the mesh. It connects again whenever the connection breaks. */
export interface Link {
  /** Resolves at the first welcome. */
  readonly welcomed: Promise<void>;
  /** Resolves when the connection has ended for good: the machine left, or another agent took its place. */
  readonly ended: Promise<'left' | 'superseded'>;
  /** Says goodbye and connects again, because what the machine can do has changed. */
  renew(reason: string): Promise<void>;
  /** Says goodbye if there is a stream, and ends. */
  leave(reason: string): Promise<void>;
}

export interface LinkOptions {
  connect: () => AgentCall;
  /** Who the machine is and what it holds now. */
  hello: () => Hello;
  listener: Omit<Listener, 'welcome'>;
  outgoing: Outgoing;
  /** A new stream has begun. */
  onWelcome: () => void;
  clock: Clock;
  random: Random;
  events: Events;
}

/** After a stream that lived for this long, the pauses begin with a short one again. */
const GOOD_MS = 10_000;
/** How long the agent waits for the outcomes of its last reports. */
const LAST_OUTCOMES_MS = 3_000;

/** Connects, and connects again whenever the connection breaks. */
export const openLink = (options: LinkOptions): Link => {
  const { connect, hello, listener, outgoing, onWelcome, clock, random, events } = options;
  const leaving = new AbortController();
  const firstWelcome = Promise.withResolvers<void>();
  let call: AgentCall | undefined;
  let isOpen = false;

  const stream = async (): Promise<Ending> => {
    const opened = connect();
    call = opened;
    try {
      return await converse(
        opened,
        hello(),
        {
          ...listener,
          welcome: ({ userId, connectionId, features }) => {
            isOpen = true;
            events.connected(userId, connectionId);
            outgoing.attach(sendKnown((message) => opened.send(message), features));
            onWelcome();
            firstWelcome.resolve();
          },
        },
        clock,
      );
    } finally {
      isOpen = false;
      call = undefined;
      outgoing.detach();
    }
  };

  const keepConnected = async (): Promise<'left' | 'superseded'> => {
    let failures = 0;
    while (!leaving.signal.aborted) {
      const begun = clock.monotonic();
      const ending = await stream();
      if (ending.kind === 'superseded') {
        events.superseded();
        return 'superseded';
      }
      if (leaving.signal.aborted) {
        break;
      }
      failures = clock.monotonic() - begun > GOOD_MS ? 1 : failures + 1;
      const pauseMs = reconnectMs(ending, failures, random.float());
      events.disconnected(ending, pauseMs);
      await clock.sleep(pauseMs, leaving.signal).catch(() => undefined);
    }
    return 'left';
  };
  const ended = keepConnected();

  return {
    welcomed: firstWelcome.promise,
    ended,
    async renew(reason) {
      const current = call;
      if (current === undefined || !isOpen || leaving.signal.aborted) {
        return;
      }
      await current
        .send({ message: { $case: 'goodbye', value: { reason } } })
        .catch(() => undefined);
      current.end();
    },
    async leave(reason) {
      leaving.abort();
      const current = call;
      if (current !== undefined && isOpen) {
        // The deadline includes the sending, because the mesh may hang.
        const late = clock.setTimer(LAST_OUTCOMES_MS, () => current.cancel());
        await outgoing.flushed();
        await current
          .send({ message: { $case: 'goodbye', value: { reason } } })
          .catch(() => undefined);
        current.end();
        await ended;
        late.cancel();
      } else {
        current?.cancel();
        await ended;
      }
    },
  };
};
