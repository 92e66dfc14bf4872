import {
  EndStream,
  EndStreamReply,
  StartRendering,
  StartRenderingReply,
  type UserWork,
} from '#libs/contracts/user.ts';
import { managerSubject, type ManagerVerb } from '#libs/mesh/index.ts';
import type { Serving } from '#libs/nats/index.ts';
import type { Context } from '../context.ts';
import { endLocal } from '../stream/end-stream.ts';

/** Answers what sessions and other managers ask of this manager's streams, until closed. */
export const serveManager = ({
  bus,
  instance,
  streams,
}: Pick<Context, 'bus' | 'instance' | 'streams'>): Serving[] => {
  const serve = (verb: ManagerVerb, handle: (bytes: Uint8Array) => Uint8Array) =>
    bus.serve(managerSubject(instance, verb), async (bytes) => handle(bytes));

  /** Whether the user serves the session no longer, after its stream was told what it is to do. */
  const isGone = ({ userId, connectionId, desiredState }: UserWork): boolean => {
    const stream = streams.get(userId);
    return (
      stream?.id.connectionId !== connectionId ||
      (desiredState !== undefined && stream.offer(desiredState) === 'gone')
    );
  };
  const handOn = (bytes: Uint8Array): Uint8Array => {
    const gone = StartRendering.decode(bytes).users.filter(isGone);
    return StartRenderingReply.encode({ goneUserIds: gone.map(({ userId }) => userId) }).finish();
  };
  return [
    serve('start-rendering', handOn),
    // The same message with empty sets.
    serve('stop-work', handOn),
    serve('end-stream', (bytes) => {
      const { userId, connectionId, reason } = EndStream.decode(bytes);
      const stream = streams.get(userId);
      if (stream?.id.connectionId === connectionId) {
        endLocal(stream, reason);
      }
      return EndStreamReply.encode({}).finish();
    }),
  ];
};
