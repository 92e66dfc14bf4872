import { createBell } from '#libs/async/index.ts';
import type { ConnectResponse, DesiredState, Outcome } from '#libs/contracts/agent.ts';

/** The bound on memory for what waits for one agent, without the mebibyte in the gRPC library. */
export const MAX_QUEUED_BYTES = 8 * 1_048_576;

const MAX_OUTCOMES_PER_MESSAGE = 5_000;
// Generous estimates of objects in memory, which are several times larger than on the wire.
const OUTCOME_BYTES = 150;
const STATE_BYTES = 1_000;
const ATTEMPT_BYTES = 300;

/** The messages to one agent, the most urgent first. Of desired states only the latest is kept. Iterate it once. */
export type SendQueue = ReturnType<typeof createSendQueue>;

type Ending =
  { kind: 'finished' } | { kind: 'failed'; error: unknown; lastWords: ConnectResponse | undefined };

const reasonBytes = ({ reason }: Outcome): number => reason.length * 2;

export const createSendQueue = (first: ConnectResponse, monotonic: () => number) => {
  let welcome: ConnectResponse | undefined = first;
  let outcomes: Outcome[] = [];
  let outcomesBytes = 0;
  let desired: DesiredState | undefined;
  let ending: Ending | undefined;
  let waitingSince: number | undefined;
  const bell = createBell();

  const somethingNew = (): void => {
    waitingSince ??= monotonic();
    bell.ring();
  };

  const takeOutcomes = (): ConnectResponse => {
    const batch = outcomes.slice(0, MAX_OUTCOMES_PER_MESSAGE);
    outcomes = outcomes.slice(MAX_OUTCOMES_PER_MESSAGE);
    outcomesBytes = outcomes.reduce((sum, each) => sum + OUTCOME_BYTES + reasonBytes(each), 0);
    return { message: { $case: 'outcomes', value: { outcomes: batch } } };
  };

  const take = (): ConnectResponse | undefined => {
    if (welcome !== undefined) {
      const message = welcome;
      welcome = undefined;
      return message;
    }
    if (outcomes.length > 0) {
      return takeOutcomes();
    }
    if (desired !== undefined) {
      const message: ConnectResponse = { message: { $case: 'desiredState', value: desired } };
      desired = undefined;
      return message;
    }
    return undefined;
  };

  async function* messages(): AsyncGenerator<ConnectResponse, void> {
    while (true) {
      if (ending?.kind === 'failed') {
        if (ending.lastWords !== undefined) {
          yield ending.lastWords;
        }
        throw ending.error;
      }
      // The consumer asks for the next message when it has sent the previous one.
      waitingSince = undefined;
      const message = take();
      if (message !== undefined) {
        if (outcomes.length > 0 || desired !== undefined) {
          waitingSince = monotonic();
        }
        yield message;
      } else if (ending !== undefined) {
        return;
      } else {
        await bell.rung();
      }
    }
  }

  return {
    desired(state: DesiredState): void {
      desired = state;
      somethingNew();
    },
    outcomes(more: readonly Outcome[]): void {
      outcomes.push(...more);
      outcomesBytes += more.reduce((sum, each) => sum + OUTCOME_BYTES + reasonBytes(each), 0);
      somethingNew();
    },
    /** The approximate memory of what waits. */
    waitingBytes: (): number =>
      outcomesBytes +
      (desired === undefined ? 0 : STATE_BYTES + ATTEMPT_BYTES * desired.attempts.length),
    /** Since when (monotonic ms) the agent has not read what waits; undefined if nothing waits. */
    waitingSinceMs: (): number | undefined => waitingSince,
    /** Ends when the agent has read what waits. */
    finish(): void {
      ending ??= { kind: 'finished' };
      bell.ring();
    },
    /** Drops what waits, sends `lastWords`, and throws. Only the first ending counts. */
    fail(error: unknown, lastWords?: ConnectResponse): void {
      if (ending?.kind !== 'failed') {
        ending = { kind: 'failed', error, lastWords };
        welcome = undefined;
        outcomes = [];
        outcomesBytes = 0;
        desired = undefined;
      }
      bell.ring();
    },
    [Symbol.asyncIterator]: messages,
  };
};
