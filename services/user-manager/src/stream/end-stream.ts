import { EndStream, type EndStreamReason } from '#libs/contracts/user.ts';
import { managerSubject } from '#libs/mesh/index.ts';
import { retry } from '#libs/async/index.ts';
import { isDomainError } from '#libs/errors/index.ts';
import type { StreamId } from '../bus/sessions.ts';
import type { Context } from '../context.ts';
import type { ConnectedUser, UserRecord } from '../domain/user.ts';
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
      stream.end(machineUnknown(stream.id.userId));
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
  { instance, streams, bus, events }: Pick<Context, 'instance' | 'streams' | 'bus' | 'events'>,
  { id: userId, connection: connectionId, manager }: ConnectedUser,
  reason: EndStreamReason,
): Promise<void> => {
  if (manager === instance) {
    const stream = streams.get(userId);
    if (stream?.id.connectionId === connectionId) {
      endLocal(stream, reason);
    }
    return;
  }
  const request = EndStream.encode({ userId, connectionId, reason }).finish();
  try {
    await bus.request(managerSubject(manager, 'end-stream'), request, { timeoutMs: ANSWER_MS });
  } catch (thrown) {
    events.managerNotReached(manager, thrown);
  }
};

type Telling = Pick<Context, 'users' | 'announce' | 'sessions'>;

/** Notes in the user's record that its stream is gone, and tells managers and the session, unless that was `told` already. */
export const disconnect = async (
  { users, announce, sessions }: Telling,
  stream: StreamId,
  isClean: boolean,
  told = '',
): Promise<UserRecord | undefined> => {
  const after = await users.disconnect(stream.userId, stream.connectionId);
  if (after !== undefined) {
    announce(after);
    if (after.session !== null && after.session !== told) {
      sessions.userDisconnected(after.session, stream, isClean);
    }
  }
  return after;
};

const PAUSE = { firstMs: 500, longestMs: 500 };

/**
 * Tells the session `told` at once, then changes the record of the user, again until that succeeds or this manager ends and
 * others find it dead.
 */
export const leave = async (
  ctx: Telling & Pick<Context, 'machines' | 'clock' | 'closing'>,
  stream: StreamId,
  told: string,
  isClean: boolean,
): Promise<void> => {
  if (told !== '') {
    ctx.sessions.userDisconnected(told, stream, isClean);
  }
  const record = async (): Promise<void> => {
    if ((await disconnect(ctx, stream, isClean, told)) !== undefined) {
      await ctx.machines.seen(stream.userId, ctx.clock.now());
    }
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
