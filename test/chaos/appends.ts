import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from '../harness/mesh.ts';

/** The beginning of an insert into the journal in MongoDB's wire protocol: `{insert: "journal", …`. */
const APPEND = Buffer.from('\u0002insert\0\u0008\0\0\0journal\0', 'latin1');

/** The journals with an append in flight, observed in the traffic between session-supervisors and mongod. */
export const watchAppends = (links: readonly Link[]) => {
  const writing = new Set<object>();
  let sent = Promise.withResolvers<void>();
  for (const { from, to, proxy } of links) {
    if (from !== 'session-supervisor' || to !== 'mongod') {
      continue;
    }
    proxy.watch({
      bytes: (direction, bytes, connection) => {
        if (direction === 'replies') {
          writing.delete(connection);
        } else if (bytes.includes(APPEND)) {
          writing.add(connection);
          sent.resolve();
          sent = Promise.withResolvers();
        }
      },
      end: (connection) => writing.delete(connection),
    });
  }
  return {
    inFlight: (): number => writing.size,
    /** Resolves as soon as the next append was sent and before it can be answered, or after `withinMs`. */
    next: (withinMs: number): Promise<void> =>
      Promise.race([sent.promise, sleep(withinMs, undefined, { ref: false })]),
  };
};
