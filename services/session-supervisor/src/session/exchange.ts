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

/** States a session's demand, from the first hurried time on until it is stopped. */
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

  /** One statement at a time: an older one that comes later would be refused. */
  let turn: Promise<unknown> = Promise.resolve();
  const state = <T>(how: (demand: Demand) => Promise<T>): Promise<T> => {
    const mine = turn.then(() => how(options.demand()));
    turn = mine.catch(() => undefined);
    return mine;
  };

  const ask = async (demand: Demand): Promise<void> => {
    const answer = await options.setDemand({ demand }, { deadlineMs: DEADLINE_MS, signal });
    if (!signal.aborted) options.onAnswer(answer, demand);
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      let pauseMs = EVERY_MS;
      try {
        await state(ask);
      } catch (thrown) {
        if (!signal.aborted) options.onFailure(thrown);
        pauseMs = AFTER_FAILURE_MS;
      }
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  };

  const tell = async (verb: DemandVerb, demand: Demand): Promise<void> => {
    const bytes = (verb === 'more-users' ? MoreUsers : UpdateUserCount).encode({ demand }).finish();
    const answer = await bus.request(`muster.user.v1.matcher.${verb}`, bytes, { timeoutMs: DEADLINE_MS, signal });
    if (!signal.aborted) options.onAnswer(SetDemandResponse.decode(answer), demand);
  };

  let isHurried = false;
  const hurry = (verb: DemandVerb): void => {
    // Whoever waits for its turn states the demand as it is then.
    if (signal.aborted || isHurried) return;
    isHurried = true;
    const told = state((demand) => {
      isHurried = false;
      return tell(verb, demand);
    });
    told.catch((thrown: unknown) => {
      logger.debug({ err: thrown, verb }, 'the matcher could not be hurried; the next exchange says the same');
    });
  };

  hurry('more-users');
  const running = run();
  return {
    hurry,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
};
