import type { Flow } from './flows.ts';

/** What was seen of the viewers of a session. */
export interface Seen {
  viewers: number;
  sentBytes: number;
  receivedBytes: number;
}

/** Counts the bytes that viewers send and get between two looks at their connections. */
export interface Traffic {
  /** `sessionOf` says to which session a viewer's connection belongs; undefined: to none. Returns the sessions that carried bytes since the last look. */
  look(flows: readonly Flow[], sessionOf: (flow: Flow) => string | undefined): Set<string>;
  seen(session: string): Seen;
  forget(session: string): void;
}

export const createTraffic = (): Traffic => {
  const totals = new Map<string, Seen>();
  let last = new Map<string, Flow & { session: string }>();
  const totalOf = (session: string): Seen =>
    totals.get(session) ?? { viewers: 0, sentBytes: 0, receivedBytes: 0 };
  return {
    look: (flows, sessionOf) => {
      const next = new Map<string, Flow & { session: string }>();
      const active = new Set<string>();
      for (const [session, total] of totals) {
        totals.set(session, { ...total, viewers: 0 });
      }
      for (const flow of flows) {
        const key = `${flow.port} ${flow.peer}`;
        // Remembered, because the process by which it is known can be gone before its connection is.
        const session = last.get(key)?.session ?? sessionOf(flow);
        if (session === undefined) {
          continue;
        }
        next.set(key, { ...flow, session });
        const before = last.get(key);
        const sent = flow.sentBytes - (before?.sentBytes ?? 0);
        const received = flow.receivedBytes - (before?.receivedBytes ?? 0);
        if (sent > 0 || received > 0) {
          active.add(session);
        }
        const total = totalOf(session);
        totals.set(session, {
          viewers: total.viewers + 1,
          sentBytes: total.sentBytes + sent,
          receivedBytes: total.receivedBytes + received,
        });
      }
      last = next;
      return active;
    },
    seen: totalOf,
    forget: (session) => void totals.delete(session),
  };
};
