import type { Peers } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import { updateEach } from '../matching/parallel.ts';
import type { ConnectedUser } from '../domain/user.ts';

const markLost = async (ctx: Context, user: ConnectedUser): Promise<void> => {
  const after = await ctx.users.disconnect(user.id, user.connection);
  if (after === undefined) {
    return;
  }
  ctx.announce(after);
  ctx.events.userLost(after);
  if (after.session !== null) {
    ctx.sessions.userDisconnected(
      after.session,
      { userId: user.id, connectionId: user.connection },
      false,
    );
  }
};

/**
 * Marks the users of dead managers as lost. A manager is dead if its beat has stopped, or if records name it and it has no
 * beat. A manager that was only frozen finds the records of its streams changed, and ends the streams.
 */
export const buryDeadManagers = async (ctx: Context, peers: Peers): Promise<void> => {
  const named = await ctx.users.managers();
  for (const manager of new Set([...peers.dead, ...named.filter((id) => peers.isGone(id))])) {
    const users = await ctx.users.ofManager(manager);
    await updateEach(users, (user) => markLost(ctx, user));
    await ctx.beats.deleteOne({ _id: manager });
    ctx.events.managerDead(manager, users.length);
  }
};
