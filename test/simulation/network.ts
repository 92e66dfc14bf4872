import {
  DomainError,
  isDomainError,
  status,
  toProtoStatus,
  unavailable,
} from '#libs/errors/index.ts';
import type { Bus, ServeHandler } from '#libs/nats/index.ts';
import type { Process, World } from './world.ts';

interface Subscription {
  of: Process;
  queue: string | undefined;
  handler: ServeHandler;
  isOpen: boolean;
}

const matches = (pattern: readonly string[], subject: readonly string[]): boolean =>
  pattern.length === subject.length &&
  pattern.every((part, i) => part === '*' || part === subject[i]);

export type Network = ReturnType<typeof createNetwork>;

/** NATS between processes: messages are late, out of order, lost or repeated, and whole processes are cut off. */
export const createNetwork = (world: World) => {
  const exact = new Map<string, Subscription[]>();
  const withWildcard: { pattern: string[]; one: Subscription }[] = [];
  const cut = new Set<Process>();
  let loss = 0;
  let requested: (subject: string, bytes: Uint8Array) => void = () => {};

  const delay = (): number => 0.2 + world.random.float() ** 4 * (loss > 0 ? 80 : 3);
  const isLost = (a: Process, b: Process): boolean => {
    if (cut.has(a) || cut.has(b)) {
      return true;
    }
    const lost = world.random.float() < loss;
    if (lost) {
      world.count('messages lost');
    }
    return lost;
  };
  const listeners = (subject: string): Subscription[] => {
    const parts = withWildcard.length === 0 ? [] : subject.split('.');
    const wild = withWildcard
      .filter(({ pattern }) => matches(pattern, parts))
      .map(({ one }) => one);
    return [...(exact.get(subject) ?? []), ...wild].filter(
      ({ isOpen, of }) => isOpen && of.isAlive,
    );
  };
  /** All subscribers, but only one of each queue group. */
  const receivers = (subject: string): Subscription[] => {
    const all = listeners(subject);
    const groups = Map.groupBy(
      all.filter(({ queue }) => queue !== undefined),
      ({ queue }) => queue,
    );
    const chosen = [...groups.values()].flatMap(
      (some) => some[Math.floor(world.random.float() * some.length)] ?? [],
    );
    return [...all.filter(({ queue }) => queue === undefined), ...chosen];
  };
  const requestId = 'simulated';

  const busOf = (self: Process): Bus => ({
    publish: (subject, bytes) => {
      for (const { of, handler, ...rest } of receivers(subject)) {
        const times = world.random.float() < loss / 4 ? 2 : 1;
        if (times > 1) {
          world.count('messages repeated');
        }
        for (let i = 0; i < times; i += 1) {
          if (isLost(self, of)) {
            continue;
          }
          const hear = (): void => {
            if (rest.isOpen) {
              void handler(bytes, { subject, requestId, isRequest: false }).catch(() => undefined);
            }
          };
          world.after(delay(), `hears ${subject}`, hear, of);
        }
      }
    },
    request: (subject, bytes, { timeoutMs, signal }) =>
      new Promise((resolve, reject) => {
        requested(subject, bytes);
        let isOver = false;
        const end = (fn: () => void): void => {
          if (isOver) {
            return;
          }
          isOver = true;
          timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          fn();
        };
        const onAbort = (): void => end(() => reject(signal?.reason as Error));
        const giveUp = (): void => {
          const text = `no answer on ${subject}`;
          end(() => reject(new DomainError(status.DEADLINE_EXCEEDED, 'REPLY_TIMEOUT', text)));
        };
        const timer = world.after(timeoutMs, `gives up on ${subject}`, giveUp, self);
        if (signal?.aborted === true) {
          return onAbort();
        }
        signal?.addEventListener('abort', onAbort, { once: true });
        if (cut.has(self)) {
          return;
        }
        const [one] = receivers(subject);
        if (one === undefined) {
          const text = `nobody serves ${subject}`;
          const nobody = new DomainError(status.UNAVAILABLE, 'NO_RESPONDER', text);
          world.after(delay(), `finds nobody on ${subject}`, () => end(() => reject(nobody)), self);
          return;
        }
        const answer = (fn: () => void, what: string): void => {
          if (!isLost(one.of, self)) {
            world.after(delay(), `${what} from ${subject}`, () => end(fn), self);
          }
        };
        const hear = async (): Promise<void> => {
          if (!one.isOpen) {
            return;
          }
          try {
            const reply =
              (await one.handler(bytes, { subject, requestId, isRequest: true })) ??
              new Uint8Array();
            answer(() => resolve(reply), 'answer');
          } catch (thrown) {
            const told = isDomainError(thrown)
              ? thrown
              : unavailable('peer', toProtoStatus(thrown).message);
            answer(() => reject(told), 'refusal');
          }
        };
        if (!isLost(self, one.of)) {
          world.after(delay(), `is asked ${subject}`, () => void hear(), one.of);
        }
      }),
    serve: (subject, handler, options = {}) => {
      const one: Subscription = { of: self, queue: options.queue, handler, isOpen: true };
      if (subject.includes('*')) {
        withWildcard.push({ pattern: subject.split('.'), one });
      } else {
        exact.set(subject, [...(exact.get(subject) ?? []), one]);
      }
      return {
        ready: async () => undefined,
        close: async () => {
          one.isOpen = false;
          exact.set(
            subject,
            (exact.get(subject) ?? []).filter((each) => each !== one),
          );
        },
      };
    },
    publishFact: () =>
      new Promise((resolve, reject) => {
        const isUnheard = cut.has(self) || world.random.float() < loss;
        const answer = isUnheard ? () => reject(unavailable('nats', 'no answer')) : resolve;
        world.after(isUnheard ? 1_000 : delay(), 'learns of a fact', answer, self);
      }),
    connected: () => !cut.has(self),
    onReconnect: () => () => undefined,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  });

  return {
    busOf,
    cut: (process: Process): void => void cut.add(process),
    mend: (process: Process): void => void cut.delete(process),
    isCut: (process: Process): boolean => cut.has(process),
    /** How likely a message is lost; 0 in quiet times. */
    lossy: (share: number): void => {
      loss = share;
    },
    /** Shows every request as it is sent. */
    onRequest: (fn: typeof requested): void => {
      requested = fn;
    },
  };
};
