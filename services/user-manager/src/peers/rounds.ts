import type { Peers } from '#libs/mongo/index.ts';
import type { Context } from '../context.ts';
import type { Leadership } from '../matching/leadership.ts';
import { updateEach } from '../matching/parallel.ts';
import { disconnect, endLocal } from '../stream/end-stream.ts';

const AUDIT_EVERY = 5;
const REFRESH_EVERY = 2;

type Needs = Pick<
  Context,
  'users' | 'machines' | 'beats' | 'streams' | 'sessions' | 'announce' | 'events' | 'refreshRoster'
>;

/** What is done after each beat, once a second while MongoDB answers. */
export const onEachBeat = (
  ctx: Needs,
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
const auditStreams = async ({ streams, users, machines }: Needs): Promise<void> => {
  const open = streams.all();
  if (open.length === 0) {
    return;
  }
  const ids = open.map(({ id }) => id.userId);
  const [records, enrolled] = await Promise.all([users.getMany(ids), machines.existing(ids)]);
  const byId = new Map(records.map((record) => [record.id, record]));
  for (const stream of open) {
    const { userId, connectionId } = stream.id;
    const record = byId.get(userId);
    if (!enrolled.has(userId)) {
      endLocal(stream, 'END_STREAM_REASON_MACHINE_DELETED');
    } else if (record?.connection !== connectionId && (record?.version ?? 0) > stream.version) {
      endLocal(
        stream,
        record?.connection ? 'END_STREAM_REASON_SUPERSEDED' : 'END_STREAM_REASON_UNSPECIFIED',
      );
    }
  }
};

/** Marks the users of managers without a beat as lost. One that was only frozen finds its records changed: see `auditStreams`. */
const buryDeadManagers = async (ctx: Needs, peers: Peers): Promise<void> => {
  const named = await ctx.users.managers();
  for (const manager of new Set([...peers.dead, ...named.filter((id) => peers.isGone(id))])) {
    const users = await ctx.users.ofManager(manager);
    await updateEach(users, async ({ id, connection }) => {
      const after = await disconnect(ctx, { userId: id, connectionId: connection }, false);
      if (after !== undefined) {
        ctx.events.userLost(after);
      }
    });
    await ctx.beats.deleteOne({ _id: manager });
    ctx.events.managerDead(manager, users.length);
  }
};
