import { retry } from '#libs/async/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import type { Context } from '../context.ts';
import type { AgentStream } from './agent-stream.ts';

const PAUSE = { firstMs: 500, longestMs: 500 };

/**
 * Ends a stream. Tells its session at once, then changes the user's record. It tries that until it succeeds
 * or this manager ends; another manager then takes the users of this one for lost.
 */
export const leave = async (
  ctx: Context,
  stream: Pick<AgentStream, 'user' | 'connection' | 'workload'>,
  isClean: boolean,
): Promise<void> => {
  const streamId = { userId: stream.user, connectionId: stream.connection };
  const told = stream.workload();
  if (told !== '') {
    ctx.sessions.userDisconnected(told, streamId, isClean);
  }
  const record = async (): Promise<void> => {
    const after = await ctx.users.disconnect(stream.user, stream.connection);
    if (after === undefined) {
      return;
    }
    ctx.announce(after);
    if (after.session !== null && after.session !== told) {
      ctx.sessions.userDisconnected(after.session, streamId, isClean);
    }
    await ctx.machines.seen(stream.user, ctx.clock.now());
  };
  const { clock, closing: signal } = ctx;
  await retry(record, { clock, signal, pause: PAUSE, helps: isDomainError }).catch(
    (thrown: unknown) => {
      if (!signal.aborted) {
        throw thrown;
      }
    },
  );
};
