import { EndStream, EndStreamReply, type EndStreamReason } from '#libs/contracts/user.ts';
import { managerSubject } from '#libs/mesh/index.ts';
import { retry } from '#libs/async/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import type { Context } from '../context.ts';
import type { AgentStream } from './agent-stream.ts';
import { connectionLost, machineUnknown, superseded } from './errors.ts';

const ANSWER_MS = 2_000;

/** Ends one of this manager's own streams. */
export const endLocal = (stream: AgentStream, reason: EndStreamReason): void => {
  switch (reason) {
    case 'END_STREAM_REASON_SUPERSEDED':
      stream.end(superseded(), { message: { $case: 'superseded', value: {} } });
      break;
    case 'END_STREAM_REASON_MACHINE_DELETED':
      stream.end(machineUnknown(stream.user));
      break;
    case 'END_STREAM_REASON_UNSPECIFIED':
    case 'UNRECOGNIZED':
      stream.end(connectionLost());
      break;
    default:
      reason satisfies never;
  }
};

/** Ends a stream of any manager. One that cannot be reached finds out when it looks its streams up in the database. */
export const endStream = async (
  ctx: Pick<Context, 'instance' | 'streams' | 'bus' | 'events'>,
  { user, connection, manager }: { user: string; connection: string; manager: string },
  reason: EndStreamReason,
): Promise<void> => {
  if (manager === ctx.instance) {
    const stream = ctx.streams.get(user);
    if (stream?.connection === connection) {
      endLocal(stream, reason);
    }
    return;
  }
  const request = EndStream.encode({ userId: user, connectionId: connection, reason }).finish();
  try {
    EndStreamReply.decode(
      await ctx.bus.request(managerSubject(manager, 'end-stream'), request, {
        timeoutMs: ANSWER_MS,
      }),
    );
  } catch (thrown) {
    ctx.events.managerNotReached(manager, thrown);
  }
};

const PAUSE = { firstMs: 500, longestMs: 500 };

/** Tells the session at once, then changes the record, again until it succeeds or this manager ends and others find it dead. */
export const leave = async (
  ctx: Context,
  stream: Pick<AgentStream, 'user' | 'connection' | 'workload'>,
  isClean: boolean,
): Promise<void> => {
  const streamId = { userId: stream.user, connectionId: stream.connection };
  const told = stream.workload();
  if (told !== '') {
    ctx.sessions.userDisconnected(told, streamId, isClean);
  }
  const record = async (): Promise<void> => {
    const after = await ctx.users.disconnect(stream.user, stream.connection);
    if (after === undefined) {
      return;
    }
    ctx.announce(after);
    if (after.session !== null && after.session !== told) {
      ctx.sessions.userDisconnected(after.session, streamId, isClean);
    }
    await ctx.machines.seen(stream.user, ctx.clock.now());
  };
  const { clock, closing: signal } = ctx;
  await retry(record, { clock, signal, pause: PAUSE, helps: isDomainError }).catch(
    (thrown: unknown) => {
      if (!signal.aborted) {
        throw thrown;
      }
    },
  );
};
