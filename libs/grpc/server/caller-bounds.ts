import { createGate } from '#libs/async/index.ts';
import type { Caller, Role } from '#libs/auth/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { Wrapper } from './incoming-call.ts';

/** How many calls one caller may have open at once. Operators and services run the mesh, so nothing bounds them. */
const BOUNDS: Partial<Record<Role, Bounds>> = {
  customer: { streams: 100, calls: 400 },
  // One machine has up to 256 slots, each of which may read or write a file.
  agent: { streams: 600, calls: 600 },
};

interface Bounds {
  /** Calls that answer with a stream: watches and downloads. */
  streams: number;
  /** Calls of any form. */
  calls: number;
}

const RETRY_MS = 1_000;

/** How many calls with one answer run at a time, of one caller and of all that have a bound. The others wait. */
const RUNNING_EACH = 8;
const RUNNING = 128;

/**
 * Refuses calls of a caller who has too many open already, with RESOURCE_EXHAUSTED `TOO_MANY_CALLS`, and lets few of the others run
 * at a time, so that one customer or machine cannot keep a service from others. Whoever has fewest running comes next, in turn
 * among equals. Streams run at once: they live long, and look after the pace of their work themselves. A call that waits in its
 * turn for another one of the same caller would wait for ever, so it stands aside. It comes after `access`, which says who calls.
 */
export const callerBounds = (): Wrapper => {
  const open = new Map<string, Bounds>();
  const gate = createGate({ places: RUNNING, placesEach: RUNNING_EACH });
  return async (call, next) => {
    const { caller } = call;
    const most = caller && BOUNDS[caller.role];
    if (caller === undefined || most === undefined) {
      return next(call);
    }
    const who = `${caller.role} ${caller.subject}`;
    const own = open.get(who) ?? { streams: 0, calls: 0 };
    const isStream = call.method.responseStream;
    if (own.calls >= most.calls || (isStream && own.streams >= most.streams)) {
      throw tooManyCalls(caller, isStream, most);
    }
    open.set(who, own);
    own.calls += 1;
    own.streams += isStream ? 1 : 0;
    try {
      if (isStream || call.method.requestStream) {
        await next(call);
      } else {
        using turn = await gate.enter(who, call.signal);
        await next({ ...call, standAside: () => turn[Symbol.dispose]() });
      }
    } finally {
      own.calls -= 1;
      own.streams -= isStream ? 1 : 0;
      if (own.calls === 0) {
        open.delete(who);
      }
    }
  };
};

const tooManyCalls = ({ role, subject }: Caller, isStream: boolean, most: Bounds): DomainError => {
  const what = isStream ? `${most.streams} streams` : `${most.calls} calls`;
  return new DomainError(
    status.RESOURCE_EXHAUSTED,
    'TOO_MANY_CALLS',
    `this ${role} has ${what} open here; end some, or wait for their ends`,
    { subject, streams: most.streams, calls: most.calls },
    { retryAfterMs: RETRY_MS },
  );
};
