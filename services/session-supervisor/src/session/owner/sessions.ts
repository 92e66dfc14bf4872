import { every } from '#libs/async/index.ts';
import type { Serving } from '#libs/nats/index.ts';
import type { WorkloadState } from '../../domain/state/workload.ts';
import type { WorkloadDocument } from '../../store/workload-document.ts';
import type { SessionDeps } from './deps.ts';
import { startQueue } from './queue.ts';
import { reopen, type ReopenRequest } from './reopen.ts';
import { serveSession } from '../agents/serving.ts';
import { startSession, type Session } from './session.ts';
import { takeOver } from './takeover.ts';

/** The workloads that this replica owns. */
export interface Sessions {
  /** Begins to own a workload that names this replica. Does nothing if it owns the workload already. */
  open(document: WorkloadDocument): Promise<void>;
  /** Reopens a closed workload. Returns false if it has changed since it was read, and the caller must look again. */
  reopen(request: ReopenRequest): Promise<boolean>;
  /** Gives free slots of the customer to the workloads that wait longest. */
  admit(customer: string): Promise<void>;
  /** The workloads that are open now. */
  ids(): string[];
  /** The durable state of a workload that is open; undefined if it is not. Another owner may have written more. */
  state(id: string): WorkloadState | undefined;
  /** Stops owning a workload without notice. Does nothing if the workload is not open. */
  letGo(id: string): void;
  /** Lets all workloads go. Other replicas go on. */
  close(): Promise<void>;
}

const PLANS_MS = 1_000;

export const createSessions = (deps: SessionDeps): Sessions => {
  const open = new Map<string, Session>();
  const opening = new Map<string, Promise<void>>();
  /** Workloads whose journals contradict their folds. A person has to look before they go on. */
  const halted = new Set<string>();
  /** Workloads that this replica let go of. It needs a new epoch for them, because its old messages must count as older. */
  const hadBefore = new Set<string>();
  const closing = new AbortController();

  /** Reads plans again, because they change while workloads run. One read serves all workloads of this replica. */
  const plans = every({ clock: deps.clock, everyMs: PLANS_MS, isPauseFirst: true }, async () => {
    const byCustomer = Map.groupBy(open.values(), ({ customer }) => customer);
    if (byCustomer.size === 0) {
      return;
    }
    for (const [customer, plan] of await deps.customers.plansOf([...byCustomer.keys()])) {
      byCustomer.get(customer)?.forEach((session) => session.allow(plan));
    }
  });

  const queue = startQueue(deps, (id) => open.get(id)?.admit());

  const begin = async (document: WorkloadDocument): Promise<void> => {
    const id = document._id;
    const { published, projection } = document;
    const plan = await deps.customers.planOf(document.customer);
    const { signal } = closing;
    const state = await takeOver(deps, { document, isNewEpoch: hadBefore.has(id), signal });
    if (state === undefined || signal.aborted) {
      return;
    }
    const heldHint = state.epoch > 0 ? projection.held : '';
    const session = startSession(deps, {
      state,
      published,
      heldHint,
      plan,
      isWaiting: document.ticket !== undefined,
      onQueueChange: () => queue.wake(document.customer),
    });
    const serving = serveSession(deps, session);
    open.set(id, session);
    hadBefore.add(id);
    void bury(session, serving);
  };

  /** Forgets a session that is over. A closed workload has no owner from then on. */
  const bury = async (session: Session, serving: Serving): Promise<void> => {
    const end = await session.over;
    if (end === 'halted') {
      halted.add(session.id);
    }
    await serving.close();
    if (open.get(session.id) === session) {
      open.delete(session.id);
    }
    if (end !== 'closed') {
      return;
    }
    hadBefore.delete(session.id);
    const sweepAt = new Date(deps.clock.now() + deps.sweep.afterMs);
    await deps.workloads
      .disown(session.id, deps.instance, sweepAt)
      .catch((err: unknown) =>
        deps.logger.debug(
          { err, workload: session.id },
          'a closed workload keeps its owner until the next beat',
        ),
      );
  };

  return {
    open: async (document) => {
      const id = document._id;
      if (document.ticket === undefined) {
        // Another replica may have given it a slot.
        open.get(id)?.admit();
      }
      if (open.has(id) || halted.has(id) || closing.signal.aborted) {
        return;
      }
      const under = opening.get(id) ?? begin(document).finally(() => opening.delete(id));
      opening.set(id, under);
      await under;
    },
    reopen: async (request) => {
      const id = request.document._id;
      if (open.has(id) || opening.has(id) || closing.signal.aborted) {
        return false;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      // The next heartbeat finds this replica named as the owner and waits for this promise.
      opening.set(id, promise);
      try {
        if (!(await reopen(deps, request, closing.signal))) {
          return false;
        }
        const document = await deps.workloads.find(id);
        if (document?.owner === deps.instance) {
          await begin(document);
        }
        return true;
      } finally {
        opening.delete(id);
        resolve();
      }
    },
    admit: (customer) => queue.admit(customer),
    ids: () => [...open.keys()],
    state: (id) => open.get(id)?.state(),
    letGo: (id) => void open.get(id)?.abandon(),
    close: async () => {
      closing.abort();
      await Promise.all([plans.stop(), queue.stop()]);
      await Promise.allSettled(opening.values());
      await Promise.all([...open.values()].map((session) => session.abandon()));
    },
  };
};
