import { unavailable } from '#libs/errors/index.ts';
import type { JournalDocument, JournalStore, Snapshot } from '#libs/journal/index.ts';
import type { BeatDocument } from '#libs/mongo/index.ts';
import type { Entry } from '../../services/session-supervisor/src/domain/state/entries.ts';
import type { CustomerStore, Plan } from '../../services/session-supervisor/src/store/customers.ts';
import type { WorkloadDocument } from '../../services/session-supervisor/src/store/workload-document.ts';
import { createWorkloadStore } from '../../services/session-supervisor/src/store/workloads.ts';
import type { MachineDocument } from '../../services/user-manager/src/store/machines.ts';
import type { MatcherDocument } from '../../services/user-manager/src/store/leadership-store.ts';
import type { UserDocument } from '../../services/user-manager/src/store/users.ts';
import { createCollection, type Ask } from './collection.ts';
import type { Process, World } from './world.ts';

/** The driver gives up within this time. */
const GIVES_UP_MS = 2_000;
const lost = (): Error => unavailable('mongodb', 'no answer');
const copy = <T>(value: T): T => structuredClone(value);

export type Database = ReturnType<typeof createDatabase>;

/**
 * MongoDB as its clients see it: majority reads, unique keys, compare-and-set. An answer may be lost before the write (a write
 * that a fail-over rolls back looks the same) or after it, and for a while nothing may be answered at all.
 */
export const createDatabase = (world: World, plan: Plan) => {
  const journals = new Map<string, JournalDocument<Entry>[]>();
  const workloads = new Map<string, WorkloadDocument>();
  const snapshots = new Map<string, Snapshot>();
  const users = new Map<string, UserDocument>();
  const machines = new Map<string, MachineDocument>();
  const matcher = new Map<string, MatcherDocument>();
  const supervisors = new Map<string, BeatDocument>();
  const managers = new Map<string, BeatDocument>();
  /** The ends that wait for webhooks. */
  const told = new Set<string>();
  let loss = 0;
  let isAway = false;
  let changes = 0;

  const journalOf = (workload: string): JournalDocument<Entry>[] => {
    const known = journals.get(workload) ?? [];
    journals.set(workload, known);
    return known;
  };

  const of = (self: Process) => {
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
      findAccepted: (workload, key) =>
        ask('find accepted', () =>
          journalOf(workload).find(({ accepted }) => accepted?.includes(key)),
        ),
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

    return {
      journal,
      // Nothing is swept or scrubbed, because there is no blob.
      workloads: {
        ...createWorkloadStore(
          createCollection(workloads, ask, [
            ['customer', 'slot'],
            ['customer', 'ticket'],
            ['customer', 'requestId'],
          ]),
        ),
        toSweep: async () => [],
        toScrub: async () => undefined,
      },
      customers: {
        planOf: async () => plan,
        plansOf: async (ids: readonly string[]) => new Map(ids.map((id) => [id, plan])),
      } as unknown as CustomerStore,
      webhooks: {
        enqueue: ({ _id }: { _id: string }) => ask('tell an end', () => void told.add(_id)),
      },
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
    told,
    /** Grows whenever something may have changed. */
    changes: (): number => changes,
    /** Makes a machine known. */
    enrol: (machine: string): void =>
      void machines.set(machine, { _id: machine, name: machine, createdAtMs: 0 }),
    of,
    /** How likely an answer is lost; 0 in quiet times. */
    lossy: (share: number): void => {
      loss = share;
    },
    away: (away: boolean): void => {
      isAway = away;
    },
  };
};
