import type { Hello } from '#libs/contracts/agent.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { parseHello } from '../domain/hello.ts';
import type { ConnectedUser, UserRecord } from '../domain/user.ts';
import { endStream } from './end-stream.ts';
import { machineUnknown } from './errors.ts';

/**
 * Admits an agent: its machine is enrolled, its record names the new stream, its older stream ends. A claim that the
 * user had goes on with the new stream; whether its session still wants it is the matcher's to say. What the agent
 * holds is of no concern here: its session asks for it (`adopt`).
 */
export const admit = async (ctx: Context, hello: Hello, { caller }: CallContext): Promise<ConnectedUser> => {
  const introduction = parseHello(hello);
  const nowMs = ctx.clock.now();
  const machine = caller?.machine === undefined ? undefined : await ctx.machines.seen(caller.machine, nowMs);
  if (machine === undefined) {
    throw machineUnknown(caller?.machine);
  }
  const { before, after } = await ctx.users.connect({
    ...introduction,
    id: machine._id,
    name: machine.name,
    manager: ctx.instance,
    connection: ctx.random.id('c'),
    nowMs,
  });
  if (before !== undefined) {
    replaceOlder(ctx, before);
  }
  ctx.announce(after);
  return after;
};

/** Its session must not wait for what the older stream was to do. */
const replaceOlder = (ctx: Context, { id, connection, manager, session }: UserRecord): void => {
  if (connection === null) {
    return;
  }
  if (session !== null) {
    ctx.sessions.userDisconnected(session, { userId: id, connectionId: connection }, false);
  }
  ctx.background.add(endStream(ctx, { user: id, connection, manager }, 'END_STREAM_REASON_SUPERSEDED'));
};
