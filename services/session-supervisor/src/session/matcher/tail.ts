import { retry } from '#libs/async/index.ts';
import {
  MachineLooked,
  RemoveUsersDemandCompletely,
  type RemoveDemandRequest,
  UsersReleased,
  type UserClaim,
} from '#libs/contracts/user.ts';
import { isDomainError, status } from '#libs/errors/index.ts';
import { matcherSubject } from '#libs/mesh/index.ts';
import type { SessionDeps } from '../owner/deps.ts';

const ANSWER_MS = 3_000;
/** A reputation is no reason to hold up a session for longer. */
const TELL_MS = 60_000;
const AGAIN = { firstMs: 1_000, longestMs: 1_000 };

type MatcherTalk = Pick<SessionDeps, 'bus' | 'clock' | 'logger'>;

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
    .catch((err: unknown) =>
      logger.debug(
        { err, workloadId },
        'a release was not answered; the claims run out by themselves',
      ),
    );
};

/** Tells the registry what second looks found, again until it has noted it. */
export const tellLooked = async (
  { bus, clock, logger }: MatcherTalk,
  looked: MachineLooked,
  signal: AbortSignal,
): Promise<void> => {
  const subject = matcherSubject('machine-looked');
  const bytes = MachineLooked.encode(looked).finish();
  const tell = () => bus.request(subject, bytes, { timeoutMs: ANSWER_MS, signal });
  const onRetry = (err: unknown): void =>
    logger.debug({ err, looked }, 'a second look was not noted; it is told again');
  const helps = (thrown: unknown): boolean =>
    !isDomainError(thrown) || thrown.code !== status.INVALID_ARGUMENT;
  await retry(tell, { clock, signal, pause: AGAIN, helps, forMs: TELL_MS, onRetry }).catch(
    (err: unknown) => logger.warn({ err, looked }, 'a second look was not noted'),
  );
};

/** Removes a demand and retries until that succeeds. A demand that a later owner has stated stays. */
export const removeDemand = async (
  { bus, clock, logger }: MatcherTalk,
  demand: RemoveDemandRequest,
  signal: AbortSignal,
): Promise<void> => {
  const { workloadId: workload } = demand;
  const subject = matcherSubject('remove-users-demand-completely');
  const bytes = RemoveUsersDemandCompletely.encode({ demand }).finish();
  const remove = () => bus.request(subject, bytes, { timeoutMs: ANSWER_MS, signal });
  // After STALE_EPOCH another replica owns the workload and its demand. This replica's next append will find that out.
  const helps = (thrown: unknown): boolean =>
    !isDomainError(thrown) || thrown.reason !== 'STALE_EPOCH';
  const onRetry = (err: unknown): void =>
    logger.debug({ err, workload }, 'a demand was not removed; it is tried again');
  await retry(remove, { clock, signal, pause: AGAIN, helps, onRetry }).catch(() => undefined);
};
