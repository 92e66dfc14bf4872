import type { Hello } from '#libs/contracts/agent.ts';
import type { EndStreamReason } from '#libs/contracts/user.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { parseHello } from '../wire/hello.ts';
import type { ConnectedUser, UserRecord } from '../domain/user.ts';
import { endStream, leave } from './end-stream.ts';
import { machineUnknown } from './errors.ts';

/**
 * Admits an agent whose machine is enrolled: the user's record names the new stream, and an older stream ends. A claim goes on
 * with the new stream, and its session asks what the agent holds (`adopt`).
 */
export const admit = async (
  ctx: Context,
  hello: Hello,
  { caller, signal }: CallContext,
): Promise<ConnectedUser> => {
  const introduction = parseHello(hello);
  const nowMs = ctx.clock.now();
  const machine =
    caller?.machine === undefined ? undefined : await ctx.machines.seen(caller.machine, nowMs);
  if (machine === undefined) {
    throw machineUnknown(caller?.machine);
  }
  // While this manager stood still, the agent may have given this stream up and opened another one.
  signal.throwIfAborted();
  const [id, connection] = [machine._id, ctx.random.id('c')];
  const stream = {
    ...introduction,
    id,
    name: machine.name,
    manager: ctx.instance,
    connection,
    nowMs,
  };
  const { before, after } = await ctx.users.connect(stream).catch((thrown: unknown) => {
    // Only the answer may have been lost. A record that names a stream that never began would look connected for ever.
    ctx.background.add(leave(ctx, { user: id, connection, workload: () => '' }, false));
    throw thrown;
  });
  if (before !== undefined) {
    // An agent that hears SUPERSEDED stays away for good, so the same agent must not hear it on its next stream.
    replaceOlder(
      ctx,
      before,
      signal.aborted ? 'END_STREAM_REASON_UNSPECIFIED' : 'END_STREAM_REASON_SUPERSEDED',
    );
  }
  ctx.announce(after);
  return after;
};

/** Tells the session now, because it must not wait for reports from the older stream. */
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
