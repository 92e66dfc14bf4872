import type { Clock } from '#libs/clock/index.ts';
import type { Hello } from '#libs/contracts/agent.ts';
import type { Random } from '#libs/random/index.ts';
import { type Ending, reconnectMs } from '../domain/ending.ts';
import type { Events } from '../events.ts';
import { sendKnown } from './known.ts';
import type { Outgoing } from './outgoing.ts';
import { type AgentCall, converse, type Listener } from './stream.ts';

interface LinkOptions {
  connect: () => AgentCall;
  /** Who the machine is and what it holds now. */
  hello: () => Hello;
  listener: Omit<Listener, 'welcome'>;
  outgoing: Outgoing;
  /** A new stream has begun, with a manager that names these features. */
  onWelcome: (features: readonly string[]) => void;
  /** The stream is over. */
  onDetached: () => void;
  clock: Clock;
  random: Random;
  events: Events;
}

/** After a stream that lived for this long, the pauses begin with a short one again. */
const GOOD_MS = 10_000;
/** How long the agent waits for the outcomes of its last reports. */
const LAST_OUTCOMES_MS = 3_000;

/** Opens a machine's connection to the mesh, which connects again whenever it breaks. */
export const openLink = (options: LinkOptions) => {
  const { connect, hello, listener, outgoing, onWelcome, onDetached, clock, random, events } =
    options;
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
            onWelcome(features);
            firstWelcome.resolve();
          },
        },
        clock,
      );
    } finally {
      isOpen = false;
      call = undefined;
      outgoing.detach();
      onDetached();
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

  const sayGoodbye = async (opened: AgentCall, reason: string): Promise<void> => {
    await opened.send({ message: { $case: 'goodbye', value: { reason } } }).catch(() => undefined);
    opened.end();
  };

  return {
    /** Resolves at the first welcome. */
    welcomed: firstWelcome.promise,
    /** Resolves when the connection has ended for good: the machine left, or another agent took its place. */
    ended,
    /** Says goodbye and connects again, because what the machine can do has changed. */
    async renew(reason: string): Promise<void> {
      if (call !== undefined && isOpen && !leaving.signal.aborted) {
        await sayGoodbye(call, reason);
      }
    },
    /** Says goodbye if there is a stream, and ends. */
    async leave(reason: string): Promise<void> {
      leaving.abort();
      const current = call;
      if (current !== undefined && isOpen) {
        // The deadline includes the sending, because the mesh may hang.
        const late = clock.setTimer(LAST_OUTCOMES_MS, () => current.cancel());
        await outgoing.flushed();
        await sayGoodbye(current, reason);
        await ended;
        late.cancel();
      } else {
        current?.cancel();
        await ended;
      }
    },
  };
};
