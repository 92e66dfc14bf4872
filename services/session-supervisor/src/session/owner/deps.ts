import type { Clock } from '#libs/clock/index.ts';
import type { JournalStore } from '#libs/journal/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { BlobAccess } from '../../blob-access.ts';
import type { Config } from '../../config.ts';
import type { Entry } from '../../domain/state/entries.ts';
import type { Events } from '../../events.ts';
import type { CustomerStore } from '../../store/customers.ts';
import type { RefusalStore } from '../../store/refusals.ts';
import type { WebhookStore } from '../../store/webhooks.ts';
import type { WorkloadStore } from '../../store/workloads.ts';

/** The dependencies of a session. */
export interface SessionDeps extends Pick<Config, 'meshSecret' | 'sweep' | 'scrub'> {
  /** The id of this replica, random for each start. */
  instance: string;
  workloads: WorkloadStore;
  customers: CustomerStore;
  refusals: Pick<RefusalStore, 'count' | 'list'>;
  journal: JournalStore<Entry>;
  blob: Pick<
    BlobAccess,
    'digest' | 'hasParts' | 'keepParts' | 'head' | 'checkPicture' | 'differing' | 'pictureSize'
  >;
  bus: Bus;
  clock: Clock;
  random: Random;
  logger: Logger;
  events: Events;
  /** Ends wait here until customers are told of them. */
  webhooks: Pick<WebhookStore, 'enqueue'>;
}
