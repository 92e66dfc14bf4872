import type { WatchUsersRequest, WatchUsersResponse } from '#libs/contracts/user.ts';
import type { CallContext, ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { userToProto } from '../domain/user-proto.ts';
import type { UserRecord } from '../domain/user.ts';

/** Tells who is connected, then every change; of one user only the latest that the reader has not taken yet. */
export const watchUsers = (ctx: Context): ServerStream<WatchUsersRequest, WatchUsersResponse> =>
  async function* (_request, call) {
    await ctx.refreshRoster();
    const changed = new Map<string, UserRecord>();
    let wake: (() => void) | undefined;
    const stopListening = ctx.roster.onChange((user) => {
      changed.set(user.id, user);
      wake?.();
    });
    const stopWaiting = onEnd(call, () => wake?.());
    const isOver = (): boolean => call.signal.aborted || call.draining.aborted;
    try {
      for (const user of ctx.roster.connected()) {
        yield { user: userToProto(user), caughtUp: false };
      }
      yield { user: undefined, caughtUp: true };
      while (!isOver()) {
        for (const [id, user] of changed) {
          changed.delete(id);
          yield { user: userToProto(user), caughtUp: false };
        }
        if (changed.size === 0 && !isOver()) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      if (call.draining.aborted) throw call.draining.reason;
    } finally {
      stopListening();
      stopWaiting();
    }
  };

/** Calls `fn` when nobody listens any more or this process is to end. */
const onEnd = ({ signal, draining }: CallContext, fn: () => void): (() => void) => {
  signal.addEventListener('abort', fn);
  draining.addEventListener('abort', fn);
  return () => {
    signal.removeEventListener('abort', fn);
    draining.removeEventListener('abort', fn);
  };
};
