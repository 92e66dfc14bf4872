import type { Peers } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import type { Leadership } from '../matching/leadership.ts';
import { endLocal } from '../stream/end-stream.ts';
import { updateEach } from '../matching/parallel.ts';
import type { ConnectedUser } from '../domain/user.ts';

const AUDIT_EVERY = 5;
const REFRESH_EVERY = 2;

/** What is done after each beat, once a second while MongoDB answers. */
export const onEachBeat = (
  ctx: Context,
  leadership: Leadership,
): ((peers: Peers) => Promise<void>) => {
  let beats = 0;
  return async (peers) => {
    beats += 1;
    await leadership.onBeat(peers);
    if (leadership.isLeader()) {
      await buryDeadManagers(ctx, peers);
    }
    if (beats % REFRESH_EVERY === 0) {
      await ctx.refreshRoster();
    }
    for (const stream of ctx.streams.all()) {
      stream.checkPace();
    }
    if (beats % AUDIT_EVERY === 0) {
      await auditStreams(ctx);
    }
  };
};

/** Ends streams whose end was lost: the machine connected elsewhere or was deleted, or this manager was taken for dead. */
const auditStreams = async (ctx: Context): Promise<void> => {
  const streams = ctx.streams.all();
  if (streams.length === 0) {
    return;
  }
  const ids = streams.map(({ user }) => user);
  const [records, machines] = await Promise.all([
    ctx.users.getMany(ids),
    ctx.machines.existing(ids),
  ]);
  const byId = new Map(records.map((record) => [record.id, record]));
  for (const stream of streams) {
    const record = byId.get(stream.user);
    if (!machines.has(stream.user)) {
      endLocal(stream, 'END_STREAM_REASON_MACHINE_DELETED');
    } else if (
      record?.connection !== stream.connection &&
      (record?.version ?? 0) > stream.version
    ) {
      endLocal(
        stream,
        record?.connection ? 'END_STREAM_REASON_SUPERSEDED' : 'END_STREAM_REASON_UNSPECIFIED',
      );
    }
  }
};

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

/** Marks the users of managers without a beat as lost. One that was only frozen finds its records changed: see `auditStreams`. */
const buryDeadManagers = async (ctx: Context, peers: Peers): Promise<void> => {
  const named = await ctx.users.managers();
  for (const manager of new Set([...peers.dead, ...named.filter((id) => peers.isGone(id))])) {
    const users = await ctx.users.ofManager(manager);
    await updateEach(users, (user) => markLost(ctx, user));
    await ctx.beats.deleteOne({ _id: manager });
    ctx.events.managerDead(manager, users.length);
  }
};
