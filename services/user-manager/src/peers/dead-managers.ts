import type { Peers } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import { updateEach } from '../matching/parallel.ts';
import type { ConnectedUser } from '../domain/user.ts';

const markLost = async (ctx: Context, user: ConnectedUser): Promise<void> => {
  const after = await ctx.users.disconnect(user.id, user.connection);
  if (after === undefined) return;
  ctx.announce(after);
  ctx.events.userLost(after);
  if (after.session !== null) {
    ctx.sessions.userDisconnected(after.session, { userId: user.id, connectionId: user.connection }, false);
  }
};

/**
 * Takes the users of managers that are gone for lost: those whose beat has stopped, and those that are named in records
 * without having a beat at all. A manager that was only frozen finds its streams' records changed, and ends them.
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
