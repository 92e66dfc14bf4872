import { aborted, every } from '#libs/async/index.ts';
import type { TaskProgress } from '#libs/contracts/agent.ts';
import type { VolatileReply } from '#libs/contracts/session.ts';
import type { Demand, MachineLooked, SetDemandResponse } from '#libs/contracts/user.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import { noWorkers } from '../../domain/scheduling/workers.ts';
import { demandOf } from '../../domain/scheduling/demand.ts';
import { ANSWER_MS } from '../../domain/decisions/decide-users.ts';
import type { Effect, Outcome } from '../../domain/decisions/decision.ts';
import type { RequestMark } from '../../domain/state/entries.ts';
import type { Command, Damaged, Input, Report } from '../../domain/decisions/inputs.ts';
import { wireOf } from '../../kinds/wires.ts';
import { kindOf } from '../../kinds/kinds.ts';
import { taskQueue } from '../../domain/scheduling/order.ts';
import {
  hasChecks,
  inputResultsOf,
  type InputResult,
  isFounded,
  isOver,
  isParked,
  type WorkloadState,
} from '../../domain/state/workload.ts';
import type { Plan } from '../../store/customers.ts';
import type { SessionDeps } from './deps.ts';
import { createDispatcher } from '../agents/dispatcher.ts';
import { createProgressNotes } from '../agents/progress-notes.ts';
import { createCallers } from './callers.ts';
import { refusalError } from './errors.ts';
import { isLaterEpoch, startExchange, type Exchange } from '../matcher/exchange.ts';
import { heldHint, readHeldHint } from '../agents/held-hint.ts';
import { startLoop, type LoopEnd } from '../loop/loop.ts';
import { createProjector } from '../loop/projector.ts';
import { startPublisher } from '../loop/publisher.ts';
import { createSnapshots } from '../loop/snapshots.ts';
import { createInputCheck } from '../maintenance/input-check.ts';
import { startVerifier, type Verifier } from '../maintenance/verifier.ts';
import { createPartsKeeper } from '../maintenance/parts-keeper.ts';
import { createSceneCheck } from '../maintenance/scene-check.ts';
import { giveBack, removeDemand, tellLooked } from '../matcher/tail.ts';
import { tellEnd } from './tell-end.ts';
import { volatileOf } from '../reads/volatile.ts';
import { createAttemptTokens, type AttemptTokens } from '../../wire/attempt-tokens.ts';
import { inputsToProto, resumesToProto } from '../../wire/inputs.ts';
import { usersFromProto } from '../../wire/reports.ts';

/** Why a session is over. `halted`: the journal contradicts its fold, and no replica should go on. */
export type SessionEnd = 'closed' | 'let-go' | 'halted';

/** A workload that this replica owns. */
export interface Session {
  readonly id: string;
  readonly customer: string;
  readonly tokens: AttemptTokens;
  state(): WorkloadState;
  /** Resolves with the journal position at which the command is durable. Rejects with typed errors. */
  command(command: Command, request: RequestMark | undefined): Promise<number>;
  /** Resolves with the outcomes of the reports, once they are durable. Rejects if the session is let go meanwhile. */
  report(user: string, reports: Report[]): Promise<Outcome[]>;
  /** Gives the session any other input. */
  tell(input: Input): void;
  /** Takes note of how far tasks of a user are, by its word on this stream. */
  note(user: string, connection: string, tasks: readonly TaskProgress[]): void;
  volatile(): VolatileReply;
  /** Sets the plan of its customer from now on. */
  allow(plan: Plan): void;
  /** The workload waits for no slot any more: it asks for users from now on. Safe to repeat. */
  admit(): void;
  /** Resolves when the session is over. */
  readonly over: Promise<SessionEnd>;
  /** Stops owning the workload without notice. Another replica goes on. */
  abandon(): Promise<void>;
}

interface SessionStart {
  state: WorkloadState;
  /** The journal position up to which facts are in the stream. */
  published: number;
  /** The set of tasks that the former owner's users held, as text. */
  heldHint: string;
  plan: Plan;
  /** Whether it waits for a slot of the plan. Until it is admitted, it asks nobody for users. */
  isWaiting: boolean;
  /** Called when a slot may be free, or this workload may be the one to get it. */
  onQueueChange: () => void;
}

const TICK_MS = 1_000;

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

/** Runs a workload: the loop that decides and writes, and the parts that perform its effects. */
export const startSession = (deps: SessionDeps, start: SessionStart): Session => {
  const { bus, clock, events, instance } = deps;
  const { header, graph, epoch } = start.state;
  const logger = deps.logger.child({ workload: header.id });
  const over = Promise.withResolvers<SessionEnd>();
  const stopped = new AbortController();
  const callers = createCallers(header.id, (input) => loop.submit(input));
  const workers = noWorkers(taskQueue(graph.count, kindOf(header.spec).orderOf(header.spec)));
  const notes = createProgressNotes(workers);
  let plan = start.plan;
  let { isWaiting } = start;
  let demandCounter = 0;
  let exchangeError: unknown;
  let ending: Promise<void> | undefined;

  workers.reserved = readHeldHint(graph, start.heldHint);
  workers.reservedUntil = clock.monotonic() + ANSWER_MS;

  const demand = (): Demand => {
    demandCounter += 1;
    const stated = demandOf(loop.durable(), workers, plan.users, clock.monotonic());
    return {
      workloadId: header.id,
      customerId: header.customer,
      weight: plan.weight,
      epoch,
      counter: demandCounter,
      ...stated,
      needs: { ...stated.needs, memoryBytes: 0 },
    };
  };

  const onAnswer = (
    { users, barred: caught, ...numbers }: SetDemandResponse,
    stated: Demand,
  ): void => {
    exchangeError = undefined;
    const asked = new Map(stated.users.map(({ connectionId, claim }) => [connectionId, claim]));
    const barred = caught.map(({ machineId: user, reason }) => ({ user, reason }));
    loop.submit({ kind: 'exchange', users: usersFromProto({ users }), asked, barred, ...numbers });
  };

  const tokens = createAttemptTokens(deps.meshSecret, header.id);
  const work = wireOf(header.spec.kind).workOf({ ...header, graph }, deps.meshSecret);
  const dispatcher = createDispatcher({
    workload: header.id,
    graph,
    workers,
    epoch,
    tokens,
    inputs: (machine, ordinals) =>
      inputsToProto(deps.meshSecret, machine, inputResultsOf(loop.durable(), ordinals)),
    work: (machine, ordinals) => ({
      ...work({ machine, ordinals, learnt: loop.durable() }),
      customerId: header.customer,
    }),
    resumes: (machine, held) => resumesToProto(deps.meshSecret, machine, loop.durable(), held),
    maySend: (held) => isFounded(loop.durable(), held),
    bus,
    clock,
    logger,
    onGone: (user, connection) =>
      loop.submit({ kind: 'user-gone', user, connection, isClean: false }),
  });

  const projector = createProjector({
    write: async (projection, frees) => {
      await deps.workloads.project(header.id, projection, frees);
      // A workload that was paused while it waited may be the next after its resume.
      if (frees || isWaiting) {
        start.onQueueChange();
      }
    },
    held: () => heldHint(graph, workers),
    clock,
    logger,
  });

  const publisher = startPublisher({
    workload: header.id,
    customer: header.customer,
    store: deps.journal,
    bus,
    clock,
    logger,
    from: start.published,
    keep: (position) => deps.workloads.published(header.id, position),
  });

  const snapshots = createSnapshots({ store: deps.journal, logger, from: start.state.position });

  /** Projects the end, or that it waits for approval, and frees the slot. Callers are told of the end only after that. */
  const announceEnd = (): Promise<void> => {
    const state = loop.durable();
    if (isParked(state)) {
      events.workloadParked(header.id, state.unruled.count);
    } else {
      events.workloadEnded(header.id, state.phase, state.ending?.reason ?? '');
    }
    return projector.end(state, stopped.signal);
  };

  const cleanUp = async (announced: Promise<void>): Promise<void> => {
    await announced;
    await tellEnd(deps, loop.durable(), stopped.signal);
    if (exchange !== undefined) {
      await exchange.stop();
      demandCounter += 1;
      const removed = { workloadId: header.id, epoch, counter: demandCounter };
      await removeDemand({ bus, clock, logger }, removed, stopped.signal);
    }
    await Promise.race([publisher.reached(loop.durable().position), aborted(stopped.signal)]);
    if (!stopped.signal.aborted) {
      loop.submit({ kind: 'close' });
    }
  };

  const release = async ({ user }: EffectOf<'release'>): Promise<void> => {
    await dispatcher.stop(user);
    const claim = { userId: user.id, connectionId: user.connection, claim: user.claim };
    await giveBack({ bus, clock, logger }, header.id, epoch, [claim]);
  };

  const tell = (found: Omit<MachineLooked, 'workloadId'>): Promise<void> =>
    tellLooked(deps, { workloadId: header.id, ...found }, stopped.signal);

  const tellContradiction = ({ userId, reason }: EffectOf<'contradicted'>): void => {
    events.userContradicted(header.id, userId, reason);
    void tell({ machineId: userId, good: 0, miss: '', contradiction: reason });
  };

  const tellOf = async ({ right, wrong }: EffectOf<'looked'>): Promise<void> => {
    for (const { user, reason } of wrong) {
      events.userDistrusted(header.id, user, reason);
    }
    const told = [
      ...right.map((user) => ({ user, good: 1, reason: '' })),
      ...wrong.map((miss) => ({ ...miss, good: 0 })),
    ];
    await Promise.all(
      told.map(({ user: machineId, good, reason: miss }) =>
        tell({ machineId, good, miss, contradiction: '' }),
      ),
    );
  };

  const perform = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'outcomes':
          callers.decided(effect.ticket, effect.outcomes);
          break;
        case 'answer':
          void answer(effect);
          break;
        case 'demand':
          exchange?.hurry(effect.verb);
          break;
        case 'release':
          void release(effect);
          break;
        case 'check':
          void checkInputs(effect.results);
          break;
        case 'check-checkpoint':
          void checkCheckpoint(effect.checkpoint);
          break;
        case 'check-scene':
          void checkScene(effect.userName);
          break;
        case 'keep-parts':
          keeper.wake();
          break;
        case 'looked':
          void tellOf(effect);
          break;
        case 'contradicted':
          tellContradiction(effect);
          break;
        case 'impossible':
          events.figuresImpossible(header.id, effect);
          break;
        case 'parked':
        case 'ended':
          if (ending === undefined) {
            ending = announceEnd();
            void cleanUp(ending);
          }
          break;
        default:
          effect satisfies never;
      }
    }
  };

  const repair = (damaged: readonly Damaged[], reason: string): Promise<number> =>
    callers.command({ kind: 'repair', damaged, reason });

  const checkInputs = createInputCheck({
    blob: deps.blob,
    logger,
    signal: stopped.signal,
    repair,
  });

  const checkCheckpoint = async (checkpoint: InputResult): Promise<void> => {
    const { task, blob } = checkpoint;
    const onLost = async (): Promise<void> =>
      void loop.submit({ kind: 'checkpoint-lost', task, blob });
    const check = { blob: deps.blob, logger, signal: stopped.signal, repair: onLost };
    await createInputCheck(check)([checkpoint]);
  };

  const keeper = createPartsKeeper({
    workload: header.id,
    state: () => loop.durable(),
    blob: deps.blob,
    clock,
    logger,
    signal: stopped.signal,
  });

  const checkScene = createSceneCheck({
    blob: deps.blob,
    file: header.file,
    clock,
    logger,
    signal: stopped.signal,
    onLost: (userName, what) => void loop.submit({ kind: 'scene-lost', userName, what }),
  });

  const answer = async ({ ticket, refusal }: EffectOf<'answer'>): Promise<void> => {
    if (refusal !== undefined) {
      return callers.refused(ticket, refusalError(header.id, refusal));
    }
    await ending;
    if (isWaiting && ending === undefined) {
      // Whoever gives out slots goes by the projection: one that is paused now must not get one.
      await projector.now(loop.durable());
    }
    callers.obeyed(ticket, loop.durable().position);
  };

  const onEnd = (end: LoopEnd, unanswered: readonly Input[]): void => {
    if (end.kind === 'taken-over') {
      events.workloadLetGo(header.id, end.by);
      void shutDown('let-go', unanswered);
    } else {
      events.journalConflict(header.id, end.accepted);
      void shutDown('halted', unanswered);
    }
  };

  const shutDown = async (why: SessionEnd, unanswered: readonly Input[] = []): Promise<void> => {
    callers.leave(unanswered);
    stopped.abort();
    projector.close();
    dispatcher.close();
    keeper.stop();
    await Promise.all([
      ticks.stop(),
      exchange?.stop(),
      publisher.stop(),
      snapshots.close(),
      verifier?.stop(),
    ]);
    over.resolve(why);
  };

  const abandon = (): Promise<void> => shutDown('let-go', loop.abandon());

  const loop = startLoop({
    state: start.state,
    workers,
    store: deps.journal,
    by: instance,
    clock,
    random: deps.random,
    planUsers: () => plan.users,
    perform,
    send: () => dispatcher.flush(),
    onWritten: (document, state) => {
      bus.publish(sessionSubject(header.id, 'appended'), new Uint8Array());
      publisher.wrote(document);
      dispatcher.wrote();
      verifier?.wake();
      if (ending === undefined) {
        projector.changed(state);
      }
      for (const entry of document.entries) {
        if (entry.kind === 'attempt-failed') {
          events.attemptFailed(header.id, entry);
        }
      }
      snapshots.written(state);
      if (state.closed) {
        void shutDown('closed');
      }
    },
    onUnknown: (cause) => events.appendUnknown(header.id, cause),
    onEnd,
  });

  const askForUsers = (): Exchange =>
    startExchange({
      demand,
      bus,
      clock,
      onAnswer,
      onFailure: (thrown) => {
        exchangeError = thrown;
        // A later owner has spoken. An append would have shown it too, but there was none.
        if (isLaterEpoch(thrown, epoch)) {
          events.workloadLetGo(header.id, 'a later epoch');
          void abandon();
        }
      },
    });
  let exchange = isWaiting ? undefined : askForUsers();

  const ticks = every({ clock, everyMs: TICK_MS, isPauseFirst: true }, () => {
    loop.submit({ kind: 'tick' });
    // Looked at again and again, because engines say seldom how far they are, and users come and go.
    for (const slow of notes.slow(clock.monotonic())) {
      loop.submit({ kind: 'slow', ...slow });
    }
  });

  const verifier: Verifier | undefined = hasChecks(header, graph)
    ? startVerifier({
        workload: header.id,
        state: () => loop.durable(),
        journal: deps.journal,
        blob: deps.blob,
        decide: (found) => loop.submit({ kind: 'checked', ...found }),
        repair,
        random: deps.random,
        clock,
        logger,
      })
    : undefined;

  // A former owner may have written the end without performing its effects.
  if (isOver(start.state) && !start.state.closed) {
    perform([{ kind: 'ended' }]);
  } else if (isParked(start.state)) {
    perform([{ kind: 'parked' }]);
  } else if (epoch > 0) {
    projector.changed(start.state);
  }
  publisher.wake(start.state.position);

  return {
    id: header.id,
    customer: header.customer,
    tokens,
    state: () => loop.durable(),
    command: (command, request) => callers.command(command, request),
    report: (user, reports) => callers.report(user, workers.byId.get(user)?.name ?? user, reports),
    tell: (input) => void loop.submit(input),
    note: (user, connection, tasks) => notes.take(user, connection, tasks, clock.monotonic()),
    volatile: () =>
      volatileOf(
        loop.durable(),
        workers,
        notes,
        clock.monotonic(),
        exchangeError,
        verifier?.error(),
      ),
    allow: (now) => {
      plan = now;
    },
    admit: () => {
      isWaiting = false;
      if (!stopped.signal.aborted && ending === undefined) {
        exchange ??= askForUsers();
      }
    },
    over: over.promise,
    abandon,
  };
};
