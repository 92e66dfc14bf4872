import type { View } from '../../services/session-supervisor/src/session/reads/reads.ts';
import { StartRendering, StopWork, type UserWork } from '#libs/contracts/user.ts';
import type { Agent } from './agent.ts';
import type { Database } from './database.ts';
import { createMatchingCheck, Violation } from './matching.ts';
import { emptyModel, openBefore, take, type Model } from './model.ts';
import { oneStep, stepsOf } from './steps.ts';

interface Followed {
  model: Model;
  position: number;
  requests: Set<string>;
  wasPaused: boolean;
  /** Counts after each position. */
  counts: { completed: number; failed: number }[];
  /** How many users it wants, and how many before: its owner may not have read the change yet. */
  wanted: number;
  wantedBefore: number;
  /** Of its latest owner: users with work, by id. */
  epoch: number;
  working: Map<string, UserWork & { bound: number }>;
}

const ENDS: ReadonlySet<string> = new Set(['stopped', 'completed', 'failed']);

/** What one machine may say of the input of anybody's workload. */
export const CLAIMS = [
  'SCENE_UNREADABLE',
  'MISSING_ASSETS',
  'PHYSICS_NOT_BAKED',
  'SCENE_LOST',
  'ENGINE_UNAVAILABLE',
] as const;

interface CheckerOptions {
  database: Database;
  /** How many running workloads a customer may have. */
  slots: number;
  now: () => number;
  /** Whether a machine is there that does not lie. */
  isOneHonest: () => boolean;
}

/** Checks the store and what clients were told, after each step. It trusts nothing that the product says about itself. */
export const createChecker = ({ database, slots, now, isOneHonest }: CheckerOptions) => {
  const followed = new Map<string, Followed>();
  /** The tickets of those that waited at the last step. */
  const tickets = new Map<string, number>();
  const matching = createMatchingCheck(database.users, now);
  let checked = -1;

  const fail = (workload: string, what: string): never => {
    throw new Violation(`${workload}: ${what}`);
  };

  const follow = (id: string): Followed => {
    const header = database.workloads.get(id);
    const wanted = header?.wanted ?? 0;
    const known = followed.get(id) ?? {
      model: emptyModel(header === undefined ? oneStep : stepsOf(header)),
      position: 0,
      requests: new Set<string>(),
      wasPaused: false,
      counts: [{ completed: 0, failed: 0 }],
      wanted,
      wantedBefore: wanted,
      epoch: 0,
      working: new Map<string, UserWork & { bound: number }>(),
    };
    followed.set(id, known);
    const documents = database.journals.get(id) ?? [];
    for (const { n, entries, accepted = [] } of documents.slice(known.position)) {
      if (n !== known.position + 1) {
        fail(id, `position ${n} after ${known.position}`);
      }
      known.position = n;
      for (const entry of entries) {
        const wrong = take(known.model, entry);
        if (wrong !== undefined) {
          fail(id, wrong);
        }
        if (entry.kind === 'accepted' && Number(entry.attempt.split('-')[1]) >= 900_000) {
          fail(id, `I3: the forged attempt ${entry.attempt} was accepted`);
        }
        if (
          entry.kind === 'failed' &&
          CLAIMS.some((each) => each === entry.reason) &&
          isOneHonest()
        ) {
          fail(id, `one machine's word ended it: ${entry.reason}: ${entry.message}`);
        }
        known.wasPaused ||= entry.kind === 'paused';
        if (entry.kind === 'wanted-set') {
          known.wantedBefore = known.wanted;
          known.wanted = entry.wanted;
        }
        if ('request' in entry && entry.request !== undefined) {
          known.requests.add(entry.request.requestId);
        }
      }
      const keys = entries.flatMap((entry) =>
        entry.kind === 'accepted' ? [`${entry.task}/${entry.generation}`] : [],
      );
      if (keys.join() !== accepted.join()) {
        fail(id, `the guard keys of ${n} are not those of its entries`);
      }
      known.counts.push({ completed: known.model.done.size, failed: known.model.failed.size });
    }
    return known;
  };

  /** I9, the first half of I7 and the order of the steps, on what a session sends a user. */
  const handed = (work: UserWork): void => {
    const { userId, connectionId, desiredState } = work;
    if (desiredState === undefined) {
      return;
    }
    const { workloadId, claim, epoch, attempts } = desiredState;
    const session = matching.sessionOf(userId, claim);
    if (session !== undefined && session !== workloadId) {
      fail(workloadId, `I9: told ${userId} what to do under a claim that ${session} has`);
    }
    const known = follow(workloadId);
    if (attempts.length > 0 && database.workloads.get(workloadId)?.ticket !== undefined) {
      fail(workloadId, `I11: ${userId} was given work of it while it waits in the queue`);
    }
    if (epoch < known.epoch) {
      return;
    }
    if (epoch > known.epoch) {
      known.working.clear();
    }
    known.epoch = epoch;
    const isNew = !known.working.has(userId);
    known.working.delete(userId);
    if (attempts.length === 0) {
      return;
    }
    // Repairs of what has ended need one user even if 0 are wanted.
    const forRepairs = known.model.repairs.size > 0 ? 1 : 0;
    const bound = Math.max(known.wanted, known.wantedBefore, forRepairs);
    known.working.set(userId, { ...work, bound });
    const present = [...known.working.values()].filter(
      ({ userId: id, connectionId: connection, bound: boundThen }) => {
        const user = database.users.get(id);
        // Whoever got work when more users were wanted may finish it.
        return boundThen <= bound && user?.connection === connection && user.session === workloadId;
      },
    );
    const isPresent = database.users.get(userId)?.connection === connectionId;
    for (const { task } of attempts) {
      const [first] = openBefore(known.model, task);
      if (first !== undefined) {
        fail(workloadId, `${userId} was given ${task} before the journal has ${first}`);
      }
    }
    if (isNew && isPresent && present.length > bound) {
      fail(workloadId, `I7: work for ${present.length} users at once, it wants ${bound}`);
    }
  };

  /** Nobody gets a slot out of turn: whoever came earlier and was never paused has it already. */
  const turns = (): void => {
    for (const { _id, customer, slot, ticket } of database.workloads.values()) {
      const before = tickets.get(_id);
      if (ticket !== undefined) {
        tickets.set(_id, ticket);
      } else if (before !== undefined) {
        tickets.delete(_id);
        const passed = [...database.workloads.values()].find(
          (other) =>
            slot !== undefined &&
            other.customer === customer &&
            other.ticket !== undefined &&
            other.ticket < before &&
            !follow(other._id).wasPaused,
        );
        if (passed !== undefined) {
          fail(_id, `began with ticket ${before} before ${passed._id} with ${passed.ticket}`);
        }
      }
    }
  };

  /** Whether nobody has the user, and it is connected, or not, as it should be. */
  const isIdle = (user: string, isThere: boolean): boolean => {
    const { connection = null, session = null } = database.users.get(user) ?? {};
    // What serves a session stays with the record of a machine that is gone, until it comes back.
    return (connection !== null) === isThere && (session === null || !isThere);
  };

  return {
    /** One process asks another. The checker looks at what sessions hand out and at the demands that they state. */
    sent(subject: string, bytes: Uint8Array): void {
      if (subject.endsWith('.start-rendering')) {
        StartRendering.decode(bytes).users.forEach(handed);
      } else if (subject.endsWith('.stop-work')) {
        StopWork.decode(bytes).users.forEach(handed);
      } else if (/\.(more-users|update-user-count)$/.test(subject)) {
        matching.stated(bytes);
      }
    },
    step(): void {
      if (database.changes() === checked) {
        return;
      }
      checked = database.changes();
      for (const id of database.journals.keys()) {
        follow(id);
      }
      matching.step();
      turns();
      const held = new Map<string, number>();
      for (const { _id, customer, owner, slot, projection } of database.workloads.values()) {
        if (owner === null && slot !== undefined && projection.phase === 'awaiting-approval') {
          fail(_id, `it waits for approval and holds slot ${slot}`);
        }
        if (slot === undefined) {
          continue;
        }
        held.set(customer, (held.get(customer) ?? 0) + 1);
        if (held.get(customer)! > slots) {
          fail(_id, `I11: ${customer} has more than ${slots} running workloads`);
        }
      }
    },
    /** Nothing goes wrong any more, and everybody has had time to notice. */
    calm: matching.calm,
    /** A stop was answered. */
    stopped(workload: string): void {
      const { model } = follow(workload);
      if (model.endings === 0) {
        fail(workload, 'I6: a stop was answered, and the journal does not have it');
      }
    },
    /** A command with this request id was answered. */
    acknowledged(workload: string, requestId: string): void {
      if (!follow(workload).requests.has(requestId)) {
        fail(workload, `I5: command ${requestId} was answered, and the journal does not have it`);
      }
    },
    /** A client was shown this. */
    shown(workload: string, view: View): void {
      const known = follow(workload);
      const { revision, state } = view;
      const told = { completed: state.done.count, failed: state.givenUp.count };
      const counts = known.counts[revision];
      if (counts?.completed !== told.completed || counts.failed !== told.failed) {
        fail(
          workload,
          `I10: revision ${revision} was shown as ${JSON.stringify(told)}, it is ${JSON.stringify(counts)}`,
        );
      }
    },
    isIdle,
    model: (workload: string): Model => follow(workload).model,
    /** After the quiet phase. */
    quiet(agents: readonly Agent[]): void {
      for (const {
        _id,
        customer,
        owner,
        slot,
        ticket,
        projection,
      } of database.workloads.values()) {
        const { model } = follow(_id);
        const state = `${model.phase}, ${model.done.size} done, ${model.failed.size} failed, owner ${owner}`;
        if (!model.isOver) {
          fail(_id, `I12: ${customer}'s workload has not ended: ${state}`);
        }
        if (!model.isClosed || owner !== null) {
          fail(_id, `I12: it has not closed: ${state}`);
        }
        const end = database.journals
          .get(_id)
          ?.findLast(({ entries }) => entries.some(({ kind }) => ENDS.has(kind)));
        if (end !== undefined && !database.told.has(`${_id}/${end.n}`)) {
          fail(_id, `I8: nobody is told of its end at ${end.n}: ${state}`);
        }
        if (slot !== undefined || ticket !== undefined) {
          fail(_id, `I11: it has ended and holds slot ${slot}, ticket ${ticket}`);
        }
        if (projection.completed !== model.done.size) {
          fail(_id, `its projection says ${projection.completed}: ${state}`);
        }
        if (model.phase === 'completed' && model.done.size !== projection.total) {
          fail(_id, `I1: completed without all: ${state}`);
        }
      }
      for (const agent of agents) {
        const { user, process } = agent;
        if (agent.isSuperseded()) {
          throw new Violation(`I12: ${user} stays away, although nobody else is in its place`);
        }
        if (!isIdle(user, process.isAlive)) {
          throw new Violation(
            `I13: ${JSON.stringify(database.users.get(user))}, and its agent is ${process.isAlive ? 'there' : 'gone'}`,
          );
        }
      }
    },
  };
};
