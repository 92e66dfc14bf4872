import { retry } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  RemoveUsersDemandCompletely,
  type RemoveDemandRequest,
  UsersReleased,
  type UserClaim,
} from '#libs/contracts/user.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { matcherSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';

const ANSWER_MS = 3_000;
const AGAIN = { firstMs: 1_000, longestMs: 1_000 };

export interface MatcherTalk {
  bus: Bus;
  clock: Clock;
  logger: Logger;
}

/** Gives users back to the matcher. It tries once, because a claim that no session confirms expires by itself. */
export const giveBack = async (
  { bus, logger }: MatcherTalk,
  workloadId: string,
  epoch: number,
  users: UserClaim[],
): Promise<void> => {
  const bytes = UsersReleased.encode({ workloadId, epoch, users }).finish();
  await bus
    .request(matcherSubject('users-released'), bytes, { timeoutMs: ANSWER_MS })
    .catch((thrown: unknown) => {
      logger.debug(
        { err: thrown, workloadId },
        'a release was not answered; the claims run out by themselves',
      );
    });
};

/** Removes a demand and retries until that succeeds. A demand that a later owner has stated stays. */
export const removeDemand = async (
  { bus, clock, logger }: MatcherTalk,
  demand: RemoveDemandRequest,
  signal: AbortSignal,
): Promise<void> => {
  const bytes = RemoveUsersDemandCompletely.encode({ demand }).finish();
  const remove = async (): Promise<void> => {
    const options = { timeoutMs: ANSWER_MS, signal };
    await bus
      .request(matcherSubject('remove-users-demand-completely'), bytes, options)
      .catch((thrown: unknown) => {
        // Another replica owns the workload and its demand. This replica's next append will find that out.
        if (!isDomainError(thrown) || thrown.reason !== 'STALE_EPOCH') {
          throw thrown;
        }
      });
  };
  const onRetry = (thrown: unknown): void =>
    logger.debug(
      { err: thrown, workload: demand.workloadId },
      'a demand was not removed; it is tried again',
    );
  // `retry` rejects only if the signal aborts.
  await retry(remove, { clock, signal, pause: AGAIN, onRetry }).catch(() => undefined);
};
