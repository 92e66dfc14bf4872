import { watchLatest } from '#libs/async/index.ts';
import type { WatchUsersRequest, WatchUsersResponse } from '#libs/contracts/user.ts';
import type { ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import type { UserRecord } from '../domain/user.ts';
import { userToProto } from '../wire/user.ts';

/** Tells who is connected, then every change; of one user only the latest that the reader has not taken yet. */
export const watchUsers = (ctx: Context): ServerStream<WatchUsersRequest, WatchUsersResponse> =>
  async function* (_request, { signal, draining }) {
    await ctx.refreshRoster();
    const users = watchLatest<string, UserRecord>({
      subscribe: (changed) => ctx.roster.onChange((user) => changed(user.id, user)),
      present: () => ctx.roster.connected(),
      signal: AbortSignal.any([signal, draining]),
    });
    for await (const user of users) {
      yield { user: user && userToProto(user), caughtUp: user === undefined };
    }
  };
