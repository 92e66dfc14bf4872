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

/** What sessions need of their surroundings. */
export interface SessionDeps {
  /** This replica, random per start. */
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
  /** How long after its end a workload is swept first (agents may still be uploading), and how often the sweeper looks. */
  sweep: { afterMs: number; everyMs: number };
  /** How long a workload's results go unchecked, and how often the scrubber looks for one. */
  scrub: { afterMs: number; everyMs: number };
}
