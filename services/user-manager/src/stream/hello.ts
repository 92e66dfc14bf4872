import type { Hello } from '#libs/contracts/agent.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { parseHello } from '../wire/hello.ts';
import { type ConnectedUser, isConnected } from '../domain/user.ts';
import { endStream, leave } from './end-stream.ts';
import { machineBarred, machineUnknown, outdatedStream } from './errors.ts';

type Needs = Parameters<typeof endStream>[0] &
  Parameters<typeof leave>[0] &
  Pick<Context, 'background' | 'random'>;

/**
 * Admits an agent whose machine is enrolled: the user's record names the new stream, and an older stream ends. A claim goes on
 * with the new stream, and its session asks what the agent holds (`adopt`).
 */
export const admit = async (
  ctx: Needs,
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
  if (machine.barred !== undefined) {
    throw machineBarred(machine._id, machine.barred.reason);
  }
  // While this manager stood still, the agent may have given this stream up and opened another one.
  signal.throwIfAborted();
  const [id, connection] = [machine._id, ctx.random.id('c')];
  const stream = {
    ...introduction,
    id,
    name: machine.name,
    manager: ctx.instance,
    owner: machine.owner ?? '',
    goodLooks: machine.goodLooks ?? 0,
    connection,
    nowMs,
  };
  const connected = await ctx.users.connect(stream).catch((thrown: unknown) => {
    // Only the answer may have been lost. A record that names a stream that never began would look connected for ever.
    ctx.background.add(leave(ctx, { userId: id, connectionId: connection }, '', false));
    throw thrown;
  });
  if (connected === undefined) {
    throw outdatedStream();
  }
  const { before, after } = connected;
  if (before !== undefined && isConnected(before)) {
    // Now, because the session must not wait for reports from the older stream.
    if (before.session !== null) {
      const older = { userId: id, connectionId: before.connection };
      ctx.sessions.userDisconnected(before.session, older, false);
    }
    // An agent that hears SUPERSEDED stays away for good, so the same agent must not hear it on its next stream.
    const isGone = signal.aborted;
    const reason = isGone ? 'END_STREAM_REASON_UNSPECIFIED' : 'END_STREAM_REASON_SUPERSEDED';
    ctx.background.add(endStream(ctx, before, reason));
  }
  ctx.announce(after);
  return after;
};
