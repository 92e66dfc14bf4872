import type { KeyObject } from 'node:crypto';
import type { Clock } from '#libs/clock/index.ts';
import type { JournalStore } from '#libs/journal/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Entry } from '../../domain/state/entries.ts';
import type { Events } from '../../events.ts';
import type { CustomerStore } from '../../store/customers.ts';
import type { RefusalStore } from '../../store/refusals.ts';
import type { WorkloadStore } from '../../store/workloads.ts';

/** The dependencies of a session. */
export interface SessionDeps {
  /** The id of this replica, random for each start. */
  instance: string;
  meshSecret: KeyObject;
  workloads: WorkloadStore;
  customers: CustomerStore;
  refusals: Pick<RefusalStore, 'count' | 'list'>;
  journal: JournalStore<Entry>;
  bus: Bus;
  clock: Clock;
  random: Random;
  logger: Logger;
  events: Events;
  /** Time from the end of a workload to its first sweep (agents may still upload before), and between two sweeps. */
  sweep: { afterMs: number; everyMs: number };
  /** Time after which the results of a workload are checked again, and between two searches for such a workload. */
  scrub: { afterMs: number; everyMs: number };
}
