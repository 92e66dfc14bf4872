import { EndStream, EndStreamReply, type EndStreamReason } from '#libs/contracts/user.ts';
import { managerSubject } from '#libs/mesh/index.ts';
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

/**
 * Ends a stream of any manager. A manager that cannot be reached finds out by itself when it looks its
 * streams up in the database.
 */
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
