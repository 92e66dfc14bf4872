import type { Context } from '../context.ts';
import { endLocal } from '../stream/end-stream.ts';

/**
 * Looks this manager's streams up in the database and ends those that may not go on, because the message that should have
 * ended them was lost. Either the machine connected elsewhere, or it was deleted, or this manager was taken for dead.
 */
export const auditStreams = async (ctx: Context): Promise<void> => {
  const streams = ctx.streams.all();
  if (streams.length === 0) {
    return;
  }
  const ids = streams.map(({ user }) => user);
  const [records, machines] = await Promise.all([
    ctx.users.getMany(ids),
    ctx.machines.existing(ids),
  ]);
  const byId = new Map(records.map((record) => [record.id, record]));
  for (const stream of streams) {
    const record = byId.get(stream.user);
    if (!machines.has(stream.user)) {
      endLocal(stream, 'END_STREAM_REASON_MACHINE_DELETED');
    } else if (
      record?.connection !== stream.connection &&
      (record?.version ?? 0) > stream.version
    ) {
      endLocal(
        stream,
        record?.connection ? 'END_STREAM_REASON_SUPERSEDED' : 'END_STREAM_REASON_UNSPECIFIED',
      );
    }
  }
};
