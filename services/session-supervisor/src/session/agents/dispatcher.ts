import type { Attempt } from '#libs/contracts/common.ts';
import type { DesiredState, InputResult, ResumePoint, Work } from '#libs/contracts/agent.ts';
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
import type { AttemptTokens } from '../../wire/attempt-tokens.ts';

interface DispatcherOptions {
  workload: string;
  graph: TaskGraph;
  workers: Workers;
  epoch: number;
  tokens: AttemptTokens;
  /** What a user must know to do these tasks. */
  work: (user: string, ordinals: readonly number[]) => Work;
  /** The results of earlier tasks that these tasks need, with proof that the user may read them. */
  inputs: (user: string, ordinals: readonly number[]) => InputResult[];
  /** Where attempts at these tasks go on. */
  resumes: (user: string, held: ReadonlyMap<string, Held>) => ResumePoint[];
  /** Whether an attempt may go out: not before the decisions about the task's predecessors are durable. */
  maySend: (held: Held) => boolean;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  /** Called if a manager no longer has this user for this session. */
  onGone: (user: string, connection: string) => void;
}

/** What a message needs of its user. */
type Addressee = Pick<Worker, 'id' | 'connection' | 'claim' | 'manager'>;

/** Sends users the whole set of their work. It sends once per turn of the event loop, however often the set changed. */
interface Dispatcher {
  /** Sends to all users in `workers.dirty`, at the end of this turn of the event loop. */
  flush(): void;
  /** Call it after a write became durable. It sends the attempts that had to wait for the write. */
  wrote(): void;
  /** Tells a user to stop all work for this workload. Resolves when its manager confirms that, or does not answer in time. */
  stop(user: Addressee): Promise<void>;
  close(): void;
}

/** Most attempts in one message, which keeps it well below the 1 MiB that NATS accepts. */
const MAX_ATTEMPTS = 6_000;
/** A user's own fields count as so many attempts. */
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

const NOTHING = { adopt: false, attempts: [], work: undefined, inputs: [] };

export const createDispatcher = (options: DispatcherOptions): Dispatcher => {
  const { workload: workloadId, graph, workers, epoch, bus, clock, logger } = options;
  const protos = new WeakMap<Held, Attempt>();
  let scheduled: NodeJS.Immediate | undefined;
  let retry: Timer | undefined;
  let counter = 0;
  /** Users to whom some attempts were not sent yet, because `maySend` denied them. */
  const keptBack = new Set<string>();

  const toProto = (user: string, attempt: string, held: Held): Attempt => {
    const known = protos.get(held);
    if (known !== undefined) {
      return known;
    }
    const fields = { task: taskKey(graph, held.ordinal), generation: held.generation, attempt };
    const made = { ...fields, token: options.tokens.make({ ...fields, user }) };
    protos.set(held, made);
    return made;
  };

  const workOf = (
    { id, connection, claim }: Addressee,
    desired: Pick<DesiredState, 'adopt' | 'attempts' | 'work' | 'inputs' | 'handover'>,
  ): UserWork => {
    counter += 1;
    const desiredState = { workloadId, claim, epoch, counter, ...desired };
    return { userId: id, connectionId: connection, desiredState };
  };

  const setOf = (worker: Worker): UserWork => {
    if (worker.phase === 'asked') {
      return workOf(worker, { ...NOTHING, adopt: true });
    }
    const held = [...worker.attempts].filter(([, one]) => options.maySend(one));
    if (held.length < worker.attempts.size) {
      keptBack.add(worker.id);
    }
    const attempts = held.map(([attempt, one]) => toProto(worker.id, attempt, one));
    const ordinals = held.map(([, { ordinal }]) => ordinal);
    const work = attempts.length === 0 ? undefined : options.work(worker.id, ordinals);
    const inputs = options.inputs(worker.id, ordinals);
    const resumes = options.resumes(worker.id, new Map(held));
    const yielding = held.flatMap(([attempt, { isYielding }]) => (isYielding ? [attempt] : []));
    const handover = resumes.length + yielding.length > 0 ? { resumes, yielding } : undefined;
    return workOf(worker, { adopt: false, attempts, work, inputs, handover });
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
      const bytes = StartRendering.encode({ users: some.map(setOf) }).finish();
      const subject = managerSubject(manager, 'start-rendering');
      const answer = await bus.request(subject, bytes, { timeoutMs: ANSWER_MS });
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
    stop: async (user) => {
      const bytes = StopWork.encode({ users: [workOf(user, NOTHING)] }).finish();
      const subject = managerSubject(user.manager, 'stop-work');
      await bus
        .request(subject, bytes, { timeoutMs: ANSWER_MS })
        .catch((err: unknown) =>
          logger.debug({ err, subject }, 'a stop was not answered; the release will end the work'),
        );
    },
    close: () => {
      clearImmediate(scheduled);
      retry?.cancel();
    },
  };
};
