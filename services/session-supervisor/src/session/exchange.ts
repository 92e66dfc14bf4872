import type { Clock } from '#libs/clock/index.ts';
import {
  MoreUsers,
  SetDemandResponse,
  UpdateUserCount,
  type Demand,
  type SetDemandRequest,
} from '#libs/contracts/user.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

/** How the matcher is told between two exchanges. */
export type DemandVerb = 'more-users' | 'update-user-count';

export interface ExchangeOptions {
  /** The session's demand as it is now; called for each statement, since each has its own counter. */
  demand: () => Demand;
  /** `DemandService.SetDemand` on any user-manager. */
  setDemand: (
    request: SetDemandRequest,
    options: { deadlineMs: number; signal: AbortSignal },
  ) => Promise<SetDemandResponse>;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  onAnswer: (answer: SetDemandResponse, stated: Demand) => void;
  onFailure: (thrown: unknown) => void;
}

/** States a session's demand for ever. */
export interface Exchange {
  /** States it at once, over NATS; the next exchange says the same. */
  hurry(verb: DemandVerb): void;
  stop(): Promise<void>;
}

const EVERY_MS = 2_000;
const AFTER_FAILURE_MS = 500;
const DEADLINE_MS = 2_000;

export const startExchange = (options: ExchangeOptions): Exchange => {
  const { bus, clock, logger } = options;
  const stopped = new AbortController();
  const { signal } = stopped;

  const exchange = async (): Promise<number> => {
    const demand = options.demand();
    try {
      const answer = await options.setDemand({ demand }, { deadlineMs: DEADLINE_MS, signal });
      if (!signal.aborted) options.onAnswer(answer, demand);
      return EVERY_MS;
    } catch (thrown) {
      if (!signal.aborted) options.onFailure(thrown);
      return AFTER_FAILURE_MS;
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const pauseMs = await exchange();
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  };

  const hurry = async (verb: DemandVerb): Promise<void> => {
    const demand = options.demand();
    const bytes = (verb === 'more-users' ? MoreUsers : UpdateUserCount).encode({ demand }).finish();
    try {
      const answer = await bus.request(`muster.user.v1.matcher.${verb}`, bytes, { timeoutMs: DEADLINE_MS, signal });
      if (!signal.aborted) options.onAnswer(SetDemandResponse.decode(answer), demand);
    } catch (thrown) {
      logger.debug({ err: thrown, verb }, 'the matcher could not be hurried; the next exchange says the same');
    }
  };

  const running = run();
  return {
    hurry: (verb) => void hurry(verb),
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
};
