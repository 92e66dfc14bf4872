import { every } from '#libs/async/index.ts';
import type { SessionDeps } from './deps.ts';

/** Gives slots of plans to the workloads that wait for them. Any replica may do it for any customer, at any time. */
export interface Queue {
  /** Looks at the customer's queue soon, because a slot may be free. */
  wake(customer: string): void;
  /** Looks now. Resolves when nobody who may begin waits for a free slot. */
  admit(customer: string): Promise<void>;
  stop(): Promise<void>;
}

/** Time between two searches for slots whose freeing nobody noticed: a plan has grown, or a replica died in between. */
const SEARCH_MS = 5_000;

/** @param onAdmitted called with each workload that got a slot */
export const startQueue = (
  {
    workloads,
    customers,
    clock,
    logger,
    events,
  }: Pick<SessionDeps, 'workloads' | 'customers' | 'clock' | 'logger' | 'events'>,
  onAdmitted: (workload: string) => void,
): Queue => {
  const admit = async (customer: string): Promise<void> => {
    const { runningWorkloads } = await customers.planOf(customer);
    for (const workload of await workloads.admit(customer, runningWorkloads)) {
      events.workloadAdmitted(workload, customer);
      onAdmitted(workload);
    }
  };
  const onFailure = (err: unknown): void =>
    logger.debug({ err }, 'a queue could not be looked at; it is tried again');
  const search = every({ clock, everyMs: SEARCH_MS, isPauseFirst: true, onFailure }, async () => {
    for (const customer of await workloads.queueing()) {
      await admit(customer);
    }
  });
  return {
    wake: (customer) => void admit(customer).catch(onFailure),
    admit,
    stop: search.stop,
  };
};
