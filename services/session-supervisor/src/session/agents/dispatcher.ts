import type { KeyObject } from 'node:crypto';
import { attemptToken } from '#libs/auth/index.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import type { Work } from '#libs/contracts/agent.ts';
import {
  StartRendering,
  StartRenderingReply,
  StopWork,
  type UserWork,
} from '#libs/contracts/user.ts';
import type { Clock, Timer } from '#libs/clock/index.ts';
import { managerSubject } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Workers, Held, Worker } from '../../domain/scheduling/workers.ts';
import { taskKey, type TaskGraph } from '../../domain/graph/task-graph.ts';

export interface DispatcherOptions {
  workload: string;
  graph: TaskGraph;
  workers: Workers;
  /** The owner's epoch. Every message carries it. */
  epoch: number;
  workloadKey: KeyObject;
  /** What a user must know to do these tasks. */
  work: (user: string, ordinals: readonly number[]) => Work;
  /** Whether an attempt may go out. It may not before the decisions about the task's predecessors are durable. */
  maySend: (held: Held) => boolean;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  /** Called if a manager says that it no longer has this user for this session. */
  onGone: (user: string, connection: string) => void;
}

/** A user that must stop its work. */
export interface Leaver {
  id: string;
  connection: string;
  claim: number;
  manager: string;
}

/** Sends users the whole set of their work. It sends once per turn of the event loop, however often the set changed. */
export interface Dispatcher {
  /** Sends to all users in `workers.dirty`, at the end of this turn of the event loop. */
  flush(): void;
  /** Call it after a write became durable. It sends the attempts that had to wait for the write. */
  wrote(): void;
  /**
   * Tells users to stop all work for this workload. Resolves when their managers have confirmed it or have not answered in
   * time.
   */
  stop(users: readonly Leaver[]): Promise<void>;
  close(): void;
}

/**
 * Most attempts in one message, which keeps it well below the 1 MiB that NATS accepts. A user's own fields count as some
 * attempts.
 */
const MAX_ATTEMPTS = 6_000;
const USER_ATTEMPTS = 16;

/** The workers in groups, each of which fits into one message. */
const messagesOf = (told: readonly Worker[]): Worker[][] => {
  const messages: Worker[][] = [];
  let size = Infinity;
  for (const worker of told) {
    const own = USER_ATTEMPTS + worker.attempts.size;
    if (size + own > MAX_ATTEMPTS) {
      messages.push([]);
      size = 0;
    }
    messages.at(-1)?.push(worker);
    size += own;
  }
  return messages;
};

/** A manager that does not answer within this time is told again. */
const ANSWER_MS = 3_000;
const AGAIN_MS = 1_000;

export const createDispatcher = (options: DispatcherOptions): Dispatcher => {
  const { workload, graph, workers, bus, clock, logger } = options;
  const attempts = new WeakMap<Held, Attempt>();
  let scheduled: NodeJS.Immediate | undefined;
  let retry: Timer | undefined;
  let counter = 0;
  /** Users to whom some attempts were not sent yet, because `maySend` denied them. */
  const keptBack = new Set<string>();

  const toProto = (user: string, attempt: string, held: Held): Attempt => {
    const known = attempts.get(held);
    if (known !== undefined) {
      return known;
    }
    const { generation } = held;
    const fields = { task: taskKey(graph, held.ordinal), generation, attempt };
    const token = Buffer.from(attemptToken(options.workloadKey, { ...fields, user }));
    const made = { ...fields, token };
    attempts.set(held, made);
    return made;
  };

  const stateOf = ({
    claim,
  }: Pick<Worker, 'claim'>): {
    workloadId: string;
    claim: number;
    epoch: number;
    counter: number;
  } => {
    counter += 1;
    return { workloadId: workload, claim, epoch: options.epoch, counter };
  };

  const workOf = (worker: Worker): UserWork => {
    const held =
      worker.phase === 'asked'
        ? []
        : [...worker.attempts].filter(([, one]) => options.maySend(one));
    if (worker.phase !== 'asked' && held.length < worker.attempts.size) {
      keptBack.add(worker.id);
    }
    const set = held.map(([attempt, one]) => toProto(worker.id, attempt, one));
    const ordinals = held.map(([, { ordinal }]) => ordinal);
    return {
      userId: worker.id,
      connectionId: worker.connection,
      desiredState: {
        ...stateOf(worker),
        adopt: worker.phase === 'asked',
        attempts: set,
        work: set.length === 0 ? undefined : options.work(worker.id, ordinals),
      },
    };
  };

  const send = (): void => {
    scheduled = undefined;
    const told = [...workers.dirty].flatMap((id) => workers.byId.get(id) ?? []);
    workers.dirty.clear();
    for (const [manager, own] of Map.groupBy(told, (worker) => worker.manager)) {
      for (const some of messagesOf(own)) {
        void tell(manager, some);
      }
    }
  };

  const tell = async (manager: string, some: readonly Worker[]): Promise<void> => {
    const connections = new Map(some.map(({ id, connection }) => [id, connection]));
    try {
      const bytes = StartRendering.encode({ users: some.map(workOf) }).finish();
      const answer = await bus.request(managerSubject(manager, 'start-rendering'), bytes, {
        timeoutMs: ANSWER_MS,
      });
      for (const user of StartRenderingReply.decode(answer).goneUserIds) {
        options.onGone(user, connections.get(user) ?? '');
      }
    } catch (thrown) {
      logger.debug({ err: thrown, manager }, 'a user-manager did not take work; it is told again');
      for (const [id, connection] of connections) {
        if (workers.byId.get(id)?.connection === connection) {
          workers.dirty.add(id);
        }
      }
      retry ??= clock.setTimer(AGAIN_MS, () => {
        retry = undefined;
        flush();
      });
    }
  };

  const flush = (): void => {
    if (workers.dirty.size > 0) {
      scheduled ??= setImmediate(send);
    }
  };

  return {
    flush,
    wrote: () => {
      for (const id of keptBack) {
        workers.dirty.add(id);
      }
      keptBack.clear();
      flush();
    },
    stop: async (users) => {
      const byManager = Map.groupBy(users, ({ manager }) => manager);
      await Promise.all(
        [...byManager].map(async ([manager, leavers]) => {
          const work = leavers.map((leaver): UserWork => ({
            userId: leaver.id,
            connectionId: leaver.connection,
            desiredState: { ...stateOf(leaver), adopt: false, attempts: [], work: undefined },
          }));
          const bytes = StopWork.encode({ users: work }).finish();
          await bus
            .request(managerSubject(manager, 'stop-work'), bytes, { timeoutMs: ANSWER_MS })
            .catch((thrown: unknown) => {
              logger.debug(
                { err: thrown, manager },
                'a user-manager did not take a stop; the release will end the work',
              );
            });
        }),
      );
    },
    close: () => {
      if (scheduled !== undefined) {
        clearImmediate(scheduled);
      }
      retry?.cancel();
    },
  };
};
