import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  MoreUsers,
  SetDemandResponse,
  UpdateUserCount,
  type Demand,
} from '#libs/contracts/user.ts';
import { DomainError, isDomainError, status } from '#libs/errors/index.ts';
import { matcherSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';

/** A session states its demand under one of two names; the message is the same. */
export type DemandVerb = 'more-users' | 'update-user-count';

interface ExchangeOptions {
  /** Returns the session's present demand. Called for each statement, because each has its own counter. */
  demand: () => Demand;
  bus: Pick<Bus, 'request'>;
  clock: Clock;
  onAnswer: (answer: SetDemandResponse, stated: Demand) => void;
  onFailure: (thrown: unknown) => void;
}

/** States a session's demand to the matcher periodically until it is stopped. */
export interface Exchange {
  /** States the demand at once, under this name. */
  hurry(verb: DemandVerb): void;
  stop(): Promise<void>;
}

const EVERY_MS = 2_000;
const AFTER_FAILURE_MS = 500;
const DEADLINE_MS = 2_000;

/** Turns an error of the bus into the one that people are shown while no matcher answers. */
const inWords = (cause: unknown): unknown => {
  if (!isDomainError(cause) || !['NO_RESPONDER', 'REPLY_TIMEOUT'].includes(cause.reason)) {
    return cause;
  }
  const message = 'no user-manager matches right now';
  return new DomainError(status.UNAVAILABLE, 'NO_MATCHER', message, {}, { cause });
};

/** Whether the matcher refused a statement because a later owner has spoken. */
export const isLaterEpoch = (thrown: unknown, epoch: number): boolean =>
  isDomainError(thrown) &&
  thrown.reason === 'STALE_EPOCH' &&
  Number(thrown.metadata['epoch']) > epoch;

export const startExchange = (options: ExchangeOptions): Exchange => {
  const { bus, clock, onAnswer, onFailure, demand } = options;
  let next: DemandVerb = 'more-users';
  const statements = every(
    {
      clock,
      everyMs: EVERY_MS,
      afterFailureMs: AFTER_FAILURE_MS,
      onFailure: (thrown) => onFailure(inWords(thrown)),
    },
    // Rounds never overlap, because the matcher would refuse an older statement that arrives later.
    async (signal) => {
      const verb = next;
      next = 'update-user-count';
      const stated = demand();
      const bytes = (verb === 'more-users' ? MoreUsers : UpdateUserCount)
        .encode({ demand: stated })
        .finish();
      const limits = { timeoutMs: DEADLINE_MS, signal };
      const answer = await bus.request(matcherSubject(verb), bytes, limits);
      if (!signal.aborted) {
        onAnswer(SetDemandResponse.decode(answer), stated);
      }
    },
  );
  return {
    hurry: (verb) => {
      next = verb;
      statements.hurry();
    },
    stop: statements.stop,
  };
};
