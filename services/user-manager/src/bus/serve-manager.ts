import {
  EndStream,
  EndStreamReply,
  StartRendering,
  StartRenderingReply,
  type UserWork,
} from '#libs/contracts/user.ts';
import { managerSubject, type ManagerVerb } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { endLocal } from '../stream/end-stream.ts';
import { type Served, together } from './served.ts';

/** Whether the user serves the session no longer, after its stream was told what it is to do. */
const isGone = (
  ctx: Pick<Context, 'streams'>,
  { userId, connectionId, desiredState }: UserWork,
): boolean => {
  const stream = ctx.streams.get(userId);
  return (
    stream === undefined ||
    stream.connection !== connectionId ||
    (desiredState !== undefined && stream.offer(desiredState) === 'gone')
  );
};

const handOn = (ctx: Context, users: readonly UserWork[]): Uint8Array =>
  StartRenderingReply.encode({
    goneUserIds: users.filter((work) => isGone(ctx, work)).map(({ userId }) => userId),
  }).finish();

/** Answers what sessions and other managers ask of this manager's streams, until closed. */
export const serveManager = (ctx: Context): Served => {
  const serve = (verb: ManagerVerb, handle: (bytes: Uint8Array) => Uint8Array) =>
    ctx.bus.serve(managerSubject(ctx.instance, verb), async (bytes) => handle(bytes));
  const serving = [
    serve('start-rendering', (bytes) => handOn(ctx, StartRendering.decode(bytes).users)),
    // The same message with empty sets.
    serve('stop-work', (bytes) => handOn(ctx, StartRendering.decode(bytes).users)),
    serve('end-stream', (bytes) => {
      const { userId, connectionId, reason } = EndStream.decode(bytes);
      const stream = ctx.streams.get(userId);
      if (stream?.connection === connectionId) {
        endLocal(stream, reason);
      }
      return EndStreamReply.encode({}).finish();
    }),
  ];
  return together(serving);
};
