import { retry } from '#libs/async/index.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import { endMessage } from '../../webhooks/message.ts';
import type { SessionDeps } from './deps.ts';

const AGAIN = { firstMs: 200, longestMs: 5_000 };

/**
 * Lets the message that a workload has ended, or waits for approval, wait for its customer's webhook, if there is one. An owner that dies before the
 * workload is closed leaves it to the next one; the same end waits only once. Resolves when that is durable, or the signal aborts.
 */
export const tellEnd = async (
  { webhooks, clock, logger }: Pick<SessionDeps, 'webhooks' | 'clock' | 'logger'>,
  state: WorkloadState,
  signal: AbortSignal,
): Promise<void> => {
  const { id, customer } = state.header;
  const message = {
    _id: `${id}/${state.ending?.position ?? state.position}`,
    customer,
    body: endMessage(state, clock.now()),
  };
  const onRetry = (err: unknown): void =>
    logger.debug({ err, workload: id }, 'an end is not recorded for a webhook yet');
  // `retry` rejects only if the signal aborts.
  await retry(() => webhooks.enqueue(message, new Date(clock.now())), {
    clock,
    signal,
    pause: AGAIN,
    onRetry,
  }).catch(() => undefined);
};
