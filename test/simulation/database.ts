import type { Collection } from 'mongodb';
import { unavailable } from '#libs/errors/index.ts';
import type { JournalDocument, JournalStore, Snapshot } from '#libs/journal/index.ts';
import type { BeatDocument } from '#libs/mongo/index.ts';
import type { Entry } from '../../services/session-supervisor/src/domain/state/entries.ts';
import type { CustomerStore, Plan } from '../../services/session-supervisor/src/store/customers.ts';
import type { WorkloadDocument } from '../../services/session-supervisor/src/store/workload-document.ts';
import type { WorkloadStore } from '../../services/session-supervisor/src/store/workloads.ts';
import type { MachineDocument } from '../../services/user-manager/src/store/machines.ts';
import type { MatcherDocument } from '../../services/user-manager/src/store/matcher-lease.ts';
import type { UserDocument } from '../../services/user-manager/src/store/users.ts';
import { createCollection, type Ask } from './collection.ts';
import type { Process, World } from './world.ts';

/**
 * MongoDB as its clients see it: majority reads, unique keys, compare-and-set. An answer may be lost before the write (a write
 * that a fail-over rolls back looks the same) or after it, and for a while nothing may be answered at all.
 */
export interface Database {
  readonly journals: Map<string, JournalDocument<Entry>[]>;
  readonly workloads: Map<string, WorkloadDocument>;
  readonly users: Map<string, UserDocument>;
  /** Grows whenever something may have changed. */
  changes(): number;
  /** Makes a machine known. */
  enrol(machine: string): void;
  of(process: Process): Stores;
  /** How likely an answer is lost; 0 in quiet times. */
  lossy(share: number): void;
  away(isAway: boolean): void;
}

export interface Stores {
  journal: JournalStore<Entry>;
  workloads: WorkloadStore;
  customers: Pick<CustomerStore, 'planOf'> & CustomerStore;
  supervisors: Collection<BeatDocument>;
  managers: Collection<BeatDocument>;
  matcher: Collection<MatcherDocument>;
  users: Collection<UserDocument>;
  machines: Collection<MachineDocument>;
}

/** The driver gives up within this time. */
const GIVES_UP_MS = 2_000;
const lost = (): Error => unavailable('mongodb', 'no answer');
const copy = <T>(value: T): T => structuredClone(value);

export const createDatabase = (world: World, plan: Plan): Database => {
  const journals: Database['journals'] = new Map();
  const workloads: Database['workloads'] = new Map();
  const snapshots = new Map<string, Snapshot>();
  const users: Database['users'] = new Map();
  const machines = new Map<string, MachineDocument>();
  const matcher = new Map<string, MatcherDocument>();
  const supervisors = new Map<string, BeatDocument>();
  const managers = new Map<string, BeatDocument>();
  let loss = 0;
  let isAway = false;
  let changes = 0;

  const journalOf = (workload: string): JournalDocument<Entry>[] => {
    const known = journals.get(workload) ?? [];
    journals.set(workload, known);
    return known;
  };

  const of = (self: Process): Stores => {
    /** One round trip: the operation runs at some moment, and its answer comes later or never. */
    const ask: Ask = <T>(what: string, operation: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        const latency = (): number => 0.3 + world.random.float() ** 3 * (loss > 0 ? 30 : 2);
        const giveUp = (): void => {
          world.count('database answers lost');
          world.after(
            GIVES_UP_MS * (0.2 + world.random.float()),
            `${what}: no answer`,
            () => reject(lost()),
            self,
          );
        };
        const isLostBefore = world.random.float() < loss / 2;
        const isLostAfter = world.random.float() < loss / 2;
        world.after(latency(), what, () => {
          if (isAway || isLostBefore) {
            return giveUp();
          }
          let answer: () => void;
          try {
            changes += 1;
            const value = operation();
            answer = () => resolve(value);
          } catch (thrown) {
            answer = () => reject(thrown);
          }
          if (isLostAfter) {
            giveUp();
          } else {
            world.after(latency(), `${what}: answered`, answer, self);
          }
        });
      });

    const journal: JournalStore<Entry> = {
      insert: (document) =>
        ask(`insert ${document.workload}/${document.n}`, () => {
          const written = journalOf(document.workload);
          if (written.some(({ n }) => n === document.n)) {
            return { kind: 'duplicate', key: 'position' } as const;
          }
          const accepted = new Set(written.flatMap((each) => each.accepted ?? []));
          if (document.accepted?.some((key) => accepted.has(key)) === true) {
            return { kind: 'duplicate', key: 'accepted' } as const;
          }
          written.push(document);
          written.sort((a, b) => a.n - b.n);
          return { kind: 'written' } as const;
        }).catch((cause: unknown) => {
          world.count('appends unknown');
          return { kind: 'unknown', cause } as const;
        }),
      find: (workload, n) => ask('find', () => journalOf(workload).find((each) => each.n === n)),
      read: async function* (workload, after) {
        yield* await ask('read', () => journalOf(workload).filter(({ n }) => n > after));
      },
      readSnapshot: (workload) => ask('snapshot', () => copy(snapshots.get(workload))),
      writeSnapshot: (snapshot) =>
        ask('keep snapshot', () => {
          if ((snapshots.get(snapshot.workload)?.n ?? -1) < snapshot.n) {
            snapshots.set(snapshot.workload, copy(snapshot));
          }
        }),
    };

    const running = (customer: string): WorkloadDocument[] =>
      [...workloads.values()].filter(
        (each) => each.customer === customer && each.slot !== undefined,
      );
    const freeSlot = (customer: string, slots: number): number | undefined => {
      const taken = new Set(running(customer).map(({ slot }) => slot));
      return Array.from({ length: slots }, (_, i) => i).find((slot) => !taken.has(slot));
    };
    const update = (
      id: string,
      when: (document: WorkloadDocument) => boolean,
      change: (d: WorkloadDocument) => void,
    ) =>
      ask(`update ${id}`, () => {
        const document = workloads.get(id);
        if (document === undefined || !when(document)) {
          return false;
        }
        change(document);
        return true;
      });

    const workloadStore: WorkloadStore = {
      start: (record) =>
        ask('start', () => {
          const { header, requestId, requestHash, slots } = record;
          const { id, createdAt, ...rest } = header;
          const repeated = [...workloads.values()].find(
            (each) =>
              requestId !== undefined &&
              each.customer === header.customer &&
              each.requestId === requestId,
          );
          if (repeated !== undefined) {
            return { kind: 'repeated', document: copy(repeated) } as const;
          }
          const slot = freeSlot(header.customer, slots);
          if (slot === undefined) {
            return {
              kind: 'full',
              running: running(header.customer).map(({ _id }) => _id),
            } as const;
          }
          const document: WorkloadDocument = {
            _id: id,
            ...rest,
            createdAt: new Date(createdAt),
            ...(requestId === undefined ? {} : { requestId, requestHash }),
            slot,
            owner: record.owner,
            firstOwner: record.owner,
            published: 0,
            projection: record.projection,
          };
          workloads.set(id, copy(document));
          return { kind: 'inserted', document } as const;
        }),
      repetition: async () => undefined,
      find: (id) => ask('find workload', () => copy(workloads.get(id))),
      running: (customer) => ask('running', () => copy(running(customer))),
      list: () => ask('list', () => copy([...workloads.values()])),
      project: async (id, projection, frees) => {
        await update(
          id,
          (document) => document.projection.position <= projection.position,
          (document) => {
            document.projection = copy(projection);
            if (frees) {
              delete document.slot;
            }
          },
        );
      },
      published: async (id, position) => {
        await update(
          id,
          (document) => document.published < position,
          (document) => {
            document.published = position;
          },
        );
      },
      ownedBy: (owner) =>
        ask('owned', () => copy([...workloads.values()].filter((each) => each.owner === owner))),
      ownedByOthers: (than) =>
        ask('owned by others', () =>
          copy(
            [...workloads.values()].filter(({ owner }) => owner !== null && !than.includes(owner)),
          ),
        ),
      claim: (id, from, owner) =>
        update(
          id,
          (document) => document.owner === from,
          (document) => {
            document.owner = owner;
          },
        ),
      reopen: (id, { customer, owner, position, slots }) =>
        ask(`reopen ${id}`, () => {
          const document = workloads.get(id);
          if (document?.owner !== null || document.projection.position !== position) {
            return { kind: 'changed' } as const;
          }
          const slot = slots === undefined ? undefined : freeSlot(customer, slots);
          if (slots !== undefined && slot === undefined) {
            return { kind: 'full', running: running(customer).map(({ _id }) => _id) } as const;
          }
          document.owner = owner;
          if (slot !== undefined) {
            document.slot = slot;
          }
          return { kind: 'reopened' } as const;
        }),
      disown: async (id, owner) => {
        await update(
          id,
          (document) => document.owner === owner,
          (document) => {
            document.owner = null;
            delete document.slot;
          },
        );
      },
      toSweep: async () => [],
      toScrub: async () => undefined,
      swept: async () => undefined,
    };

    return {
      journal,
      workloads: workloadStore,
      customers: {
        planOf: async () => plan,
        plansOf: async (ids: readonly string[]) => new Map(ids.map((id) => [id, plan])),
      } as unknown as CustomerStore,
      supervisors: createCollection(supervisors, ask),
      managers: createCollection(managers, ask),
      matcher: createCollection(matcher, ask),
      users: createCollection(users, ask),
      machines: createCollection(machines, ask),
    };
  };

  return {
    journals,
    workloads,
    users,
    changes: () => changes,
    enrol: (machine) => void machines.set(machine, { _id: machine, name: machine, createdAtMs: 0 }),
    of,
    lossy: (share) => {
      loss = share;
    },
    away: (away) => {
      isAway = away;
    },
  };
};
