import type { Hello } from '#libs/contracts/agent.ts';
import type { EndStreamReason } from '#libs/contracts/user.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { parseHello } from '../wire/hello.ts';
import type { ConnectedUser, UserRecord } from '../domain/user.ts';
import { endStream } from './end-stream.ts';
import { machineUnknown } from './errors.ts';

/**
 * Admits an agent: its machine is enrolled, its record names the new stream, its older stream ends. A claim that the
 * user had goes on with the new stream; whether its session still wants it is the matcher's to say. What the agent
 * holds is of no concern here: its session asks for it (`adopt`).
 */
export const admit = async (ctx: Context, hello: Hello, { caller, signal }: CallContext): Promise<ConnectedUser> => {
  const introduction = parseHello(hello);
  const nowMs = ctx.clock.now();
  const machine = caller?.machine === undefined ? undefined : await ctx.machines.seen(caller.machine, nowMs);
  if (machine === undefined) {
    throw machineUnknown(caller?.machine);
  }
  // The agent may have given this stream up while this manager stood still, and have another one by now.
  signal.throwIfAborted();
  const { before, after } = await ctx.users.connect({
    ...introduction,
    id: machine._id,
    name: machine.name,
    manager: ctx.instance,
    connection: ctx.random.id('c'),
    nowMs,
  });
  if (before !== undefined) {
    // Whoever is told SUPERSEDED stays away for good, so that must not be the same agent on its next stream.
    replaceOlder(ctx, before, signal.aborted ? 'END_STREAM_REASON_UNSPECIFIED' : 'END_STREAM_REASON_SUPERSEDED');
  }
  ctx.announce(after);
  return after;
};

/** Its session must not wait for what the older stream was to do. */
const replaceOlder = (
  ctx: Context,
  { id, connection, manager, session }: UserRecord,
  reason: EndStreamReason,
): void => {
  if (connection === null) {
    return;
  }
  if (session !== null) {
    ctx.sessions.userDisconnected(session, { userId: id, connectionId: connection }, false);
  }
  ctx.background.add(endStream(ctx, { user: id, connection, manager }, reason));
};
