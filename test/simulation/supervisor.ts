import { createSecretKey } from 'node:crypto';
import type { SessionCommand } from '#libs/contracts/session.ts';
import { silent, testLog } from '#libs/testing/index.ts';
import type { Context } from '../../services/session-supervisor/src/context.ts';
import { begin } from '../../services/session-supervisor/src/domain/state/workload.ts';
import { header } from '../../services/session-supervisor/src/domain/fixtures/workload.ts';
import { noop, type NoopNode } from '../../services/session-supervisor/src/kinds/noop/noop.ts';
import { obey } from '../../services/session-supervisor/src/session/owner/obey.ts';
import type { SessionDeps } from '../../services/session-supervisor/src/session/owner/deps.ts';
import { serveOrphanReports } from '../../services/session-supervisor/src/session/agents/orphan-reports.ts';
import { startOwnership } from '../../services/session-supervisor/src/session/owner/ownership.ts';
import {
  createReads,
  type View,
} from '../../services/session-supervisor/src/session/reads/reads.ts';
import { createSessions } from '../../services/session-supervisor/src/session/owner/sessions.ts';
import { projectionOf } from '../../services/session-supervisor/src/store/workload-document.ts';
import type { Database } from './database.ts';
import type { Network } from './network.ts';
import type { World } from './world.ts';

const MESH_SECRET = createSecretKey(Buffer.alloc(32, 0x5a));
const DEADLINE_MS = 8_000;

export type Supervisor = ReturnType<typeof startSupervisor>;

/** One replica of session-supervisor: its real sessions, loop, appender, ownership and reads. */
export const startSupervisor = (
  world: World,
  network: Network,
  database: Database,
  name: string,
) => {
  const process = world.process(name);
  const clock = world.clockOf(process);
  const stores = database.of(process);
  const bus = network.busOf(process);
  const instance = world.random.id('i');
  const deps: SessionDeps = {
    ...stores,
    instance,
    meshSecret: MESH_SECRET,
    // Noop tasks pass no results on.
    blob: {
      digest: () => Promise.reject(new Error('there are no blobs')),
      hasParts: () => Promise.reject(new Error('there are no blobs')),
      checkPicture: () => Promise.reject(new Error('there are no blobs')),
      differing: () => Promise.reject(new Error('there are no blobs')),
      pictureSize: () => Promise.reject(new Error('there are no blobs')),
      head: () => Promise.reject(new Error('there are no blobs')),
      keepParts: async () => 0,
    },
    bus,
    refusals: {
      count: (_workload, _user, reason) => world.count(`refused ${reason}`),
      list: async () => [],
    },
    clock,
    random: world.random,
    logger: testLog,
    events: silent<SessionDeps['events']>({
      workloadAdmitted: () => world.count('slots given to the queue'),
      workloadParked: () => world.count('workloads parked'),
      workloadEnded: () => world.count('ends'),
      workloadTakenOver: () => world.count('take-overs'),
      workloadLetGo: () => world.count('appends refused'),
      journalConflict: (id) => {
        throw new Error(`the journal of ${id} contradicts its fold`);
      },
      commandObeyed: (_id, command) => world.count(`commands: ${command}`),
    }),
    sweep: { afterMs: 60_000, everyMs: 60_000 },
    scrub: { afterMs: 60_000, everyMs: 60_000 },
  };
  const sessions = createSessions(deps);
  const reads = createReads({ ...deps, sessions });
  const context = { ...deps, reads, sessions } as unknown as Context;
  serveOrphanReports(deps);
  startOwnership(deps, stores.supervisors, sessions).catch(() => {
    // Without its first beat a replica does not start; another one comes in its place.
    world.kill(process);
  });
  return {
    process,
    /** Without nodes, so many tasks of one node. */
    start: async (
      customer: string,
      work: { tasks: number; nodes?: readonly NoopNode[] },
      wanted: number,
      requestId: string,
      queues = false,
    ): Promise<string | undefined> => {
      const id = world.random.id('w');
      const base = header(work.tasks, { ...work, durationMs: 1 });
      const made = { ...base, id, customer, createdAt: clock.now(), wanted };
      const { runningWorkloads: slots, parkedWorkloads } = await deps.customers.planOf(customer);
      const projection = projectionOf(begin(made), '');
      const record = {
        header: made,
        requestId,
        requestHash: `${customer}/${JSON.stringify(work)}`,
        projection,
        owner: instance,
        slots,
        queues,
        parked: made.spec.kind === 'noop' && noop.hasGates(made.spec) ? parkedWorkloads : undefined,
      };
      const started = await deps.workloads.start(record);
      if (!('document' in started)) {
        return undefined;
      }
      const { document } = started;
      if (document.ticket === undefined) {
        void sessions.open(document).catch(() => undefined);
      } else {
        world.count('starts that wait in a queue');
        void sessions.admit(customer).catch(() => undefined);
      }
      return document._id;
    },
    command: (id: string, ask: SessionCommand): Promise<View> =>
      obey(context, id, ask, clock.monotonic() + DEADLINE_MS, new AbortController().signal),
    view: (id: string): Promise<View | undefined> => reads.view(id),
  };
};
