import type { DesiredState, Held, Outcome, Report } from '#libs/contracts/agent.ts';
import { UserDisconnected, UserHeld, UserRenderingCompleted } from '#libs/contracts/session.ts';
import { StartRendering, StartRenderingReply, StopWork } from '#libs/contracts/user.ts';
import { managerSubject, sessionSubject } from '#libs/mesh/index.ts';
import { reportOver } from '../../services/user-manager/src/bus/report.ts';
import { serveMatcher } from './matcher.ts';
import type { Network } from './network.ts';
import type { Registered } from './registry.ts';
import type { Process, World } from './world.ts';

/** What comes to an agent on its stream. */
export interface StreamEnd {
  process: Process;
  desired(state: DesiredState): void;
  outcomes(outcomes: readonly Outcome[]): void;
  broken(): void;
}

/** An agent's side of its stream. Messages arrive in order, or the stream breaks. */
export interface Stream {
  reports(workload: string, reports: Report[]): void;
  held(held: Held): void;
  idle(workload: string): void;
  /** The agent goes: with a goodbye, or without a word, which is noticed later. */
  close(isClean: boolean): void;
}

export interface Manager {
  process: Process;
  connect(user: string, end: StreamEnd): Stream | undefined;
}

/** What the managers share: users in MongoDB, and who matches. */
export interface Managers {
  readonly all: Manager[];
  readonly registry: Map<string, Registered>;
  start(name: string): Manager;
}

/** Whoever falls silent is noticed within this. */
const SILENT_MS = 9_000;
/** A beat that stops is noticed after this. */
const DEAD_MS = 4_000;

/** User-managers: the real book, match and reporting in a shell that holds streams and the registry. */
export const createManagers = (world: World, network: Network): Managers => {
  const registry = new Map<string, Registered>();
  const all: Manager[] = [];
  let claims = 0;
  let leader: Process | undefined;
  const nextClaim = (): number => {
    claims += 1;
    return claims;
  };

  const isWell = (process: Process | undefined): boolean => process?.isAlive === true && !process.isFrozen;

  const start: Managers['start'] = (name) => {
    const process = world.process(name);
    const bus = network.busOf(process);
    const instance = world.random.id('m');
    const streams = new Map<string, { end: StreamEnd; lastAt: number; isOpen: boolean; user: string }>();
    const report = reportOver(bus, () => undefined);
    let matching: { stop(): void } | undefined;

    const leads = (): boolean => leader === process;
    const lead = (): void => {
      leader = process;
      world.count('matchers');
      matching ??= serveMatcher(world, bus, registry, nextClaim, leads);
    };
    /** What each manager does with its beat: see whether the matcher, and the others, still beat. */
    const beat = (): void => {
      if (!isWell(leader)) {
        const gone = leader;
        world.after(
          DEAD_MS,
          'sees that nobody matches',
          () => (leader === gone && !isWell(gone) ? lead() : undefined),
          process,
        );
      }
      if (!leads() && matching !== undefined) {
        matching.stop();
        matching = undefined;
      }
      for (const user of registry.values()) {
        const holder = all.find((each) => instanceOf.get(each) === user.manager);
        if (holder?.process.isAlive === true) continue;
        const { connection } = user;
        world.after(
          DEAD_MS,
          `marks ${user.id} lost`,
          () => (registry.get(user.id)?.connection === connection ? lose(user.id, connection, false) : undefined),
          process,
        );
      }
      world.after(1_000, 'beats', beat, process);
    };

    const lose = (user: string, connection: string, isClean: boolean): void => {
      const known = registry.get(user);
      if (known?.connection !== connection) return;
      registry.delete(user);
      if (known.session === null) return;
      const bytes = UserDisconnected.encode({ userId: user, connectionId: connection, isClean }).finish();
      bus.publish(sessionSubject(known.session, 'user-disconnected'), bytes);
    };

    /** To the agent, in order. */
    const toAgent = (connection: string, what: string, fn: (end: StreamEnd) => void): void => {
      const stream = streams.get(connection);
      if (stream === undefined) return;
      stream.lastAt = Math.max(stream.lastAt, world.now() + 0.2 + world.random.float() ** 3 * 20);
      world.after(
        stream.lastAt - world.now(),
        what,
        () => (stream.isOpen ? fn(stream.end) : undefined),
        stream.end.process,
      );
    };

    bus.serve(managerSubject(instance, '*'), async (bytes, { subject }) => {
      const isStart = subject.endsWith('start-rendering');
      const { users } = isStart ? StartRendering.decode(bytes) : StopWork.decode(bytes);
      const gone: string[] = [];
      for (const { userId, connectionId, desiredState } of users) {
        if (registry.get(userId)?.connection !== connectionId || !streams.has(connectionId)) gone.push(userId);
        else if (desiredState !== undefined) {
          toAgent(connectionId, `is told of ${desiredState.attempts.length}`, (end) => end.desired(desiredState));
        }
      }
      return StartRenderingReply.encode({ goneUserIds: gone }).finish();
    });

    const manager: Manager = {
      process,
      connect: (user, end) => {
        if (!isWell(process)) return undefined;
        const connection = world.random.id('c');
        const before = registry.get(user);
        const stream = { end, lastAt: world.now(), isOpen: true, user };
        streams.set(connection, stream);
        registry.set(user, {
          id: user,
          connection,
          manager: instance,
          session: before?.session ?? null,
          claim: before?.session == null ? 0 : nextClaim(),
          confirmedAt: world.now(),
          isTold: false,
        });
        const hear = (what: string, fn: () => void): void => {
          world.after(0.2 + world.random.float() ** 3 * 20, what, () => (stream.isOpen ? fn() : undefined), process);
        };
        const id = { userId: user, connectionId: connection };
        return {
          reports: (workload, reports) =>
            hear(`hears ${reports.length} reports of ${user}`, () => {
              void report(id, workload, reports).then((outcomes) =>
                toAgent(connection, `hears of ${outcomes.length} reports`, (to) => to.outcomes(outcomes)),
              );
            }),
          held: (held) =>
            hear(`hears what ${user} holds`, () => {
              const bytes = UserHeld.encode({ ...id, held }).finish();
              bus.publish(sessionSubject(held.workloadId, 'user-held'), bytes);
            }),
          idle: (workload) =>
            hear(`hears that ${user} idles`, () => {
              const bytes = UserRenderingCompleted.encode(id).finish();
              bus.publish(sessionSubject(workload, 'user-rendering-completed'), bytes);
            }),
          close: (isClean) => {
            const afterMs = isClean ? 1 : world.random.float() * SILENT_MS;
            world.after(
              afterMs,
              `sees ${user} gone`,
              () => {
                stream.isOpen = false;
                streams.delete(connection);
                lose(user, connection, isClean);
              },
              process,
            );
          },
        };
      },
    };
    instanceOf.set(manager, instance);
    all.push(manager);
    if (!isWell(leader)) lead();
    world.after(world.random.float() * 1_000, 'beats', beat, process);
    return manager;
  };
  const instanceOf = new Map<Manager, string>();

  return { all, registry, start };
};
