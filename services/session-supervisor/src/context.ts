import type { BlockList } from 'node:net';
import type { Collection } from 'mongodb';
import { systemClock } from '#libs/clock/index.ts';
import { createMongoJournalStore } from '#libs/journal/index.ts';
import { collection, connectMongo, type BeatDocument } from '#libs/mongo/index.ts';
import { connectBus } from '#libs/nats/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { connectBlob, type BlobAccess } from './blob-access.ts';
import type { Config } from './config.ts';
import { logEvents } from './events.ts';
import type { SessionDeps } from './session/owner/deps.ts';
import { createLooks, type Looks } from './session/reads/looks.ts';
import { createReads, type Reads } from './session/reads/reads.ts';
import { createSessions, type Sessions } from './session/owner/sessions.ts';
import { createCustomerStore } from './store/customers.ts';
import { createRefusalStore } from './store/refusals.ts';
import { createWebhookStore, type WebhookStore } from './store/webhooks.ts';
import { createWorkloadStore } from './store/workloads.ts';
import type { Look } from './wire/look.ts';

/** The dependencies of the rpcs. */
export interface Context extends SessionDeps {
  blob: BlobAccess;
  webhooks: WebhookStore;
  /** Networks that an operator opened for webhooks. */
  webhookNetworks: BlockList;
  reads: Reads;
  looks: Looks<Look>;
  sessions: Sessions;
  /** Heartbeats of the replicas of this service. */
  supervisors: Collection<BeatDocument>;
}

/** Opens all dependencies and adds them to `stack`, which closes them. Tests may pass their own. */
export const createContext = async (
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<SessionDeps> = {},
): Promise<Context> => {
  const clock = overrides.clock ?? systemClock;
  const random = overrides.random ?? systemRandom;
  const instance = overrides.instance ?? random.id('i');
  const service = 'session-supervisor';
  const mongo = stack.use(await connectMongo({ ...config.mongo, service, logger }));
  const name = `${service} ${instance}`;
  const bus = await connectBus({ ...config.nats, name, service, logger });
  stack.defer(() => bus.close());
  const { tls, insecure } = config.server;
  const target = config.blobEndpoint;
  const blob = connectBlob({ tls, insecure, token: config.serviceToken, target });
  stack.defer(() => blob.close());
  const refusals = createRefusalStore(collection(mongo.db, 'refusals'), { clock, logger });
  stack.defer(() => refusals.close());
  const needs: Omit<SessionDeps, 'webhooks'> = {
    instance,
    meshSecret: config.meshSecret,
    workloads: createWorkloadStore(collection(mongo.db, 'workloads')),
    customers: createCustomerStore(collection(mongo.db, 'customers'), config.plan),
    refusals,
    journal: createMongoJournalStore(
      collection(mongo.db, 'journal'),
      collection(mongo.db, 'snapshots'),
    ),
    blob,
    bus,
    clock,
    random,
    logger,
    events: logEvents(logger),
    sweep: config.sweep,
    scrub: config.scrub,
  };
  const webhooks = createWebhookStore(
    collection(mongo.db, 'webhooks'),
    collection(mongo.db, 'deliveries'),
  );
  const deps: SessionDeps = { ...needs, webhooks, ...overrides };
  const sessions = createSessions(deps);
  stack.defer(() => sessions.close());
  const reads = createReads({ ...deps, sessions });
  const look = async (id: string): Promise<Look> => reads.look(await reads.existing(id));
  const looks = createLooks({ look, bus, clock });
  const supervisors = collection<BeatDocument>(mongo.db, 'supervisors');
  const { webhookNetworks } = config;
  return { ...deps, webhooks, webhookNetworks, blob, reads, looks, sessions, supervisors };
};
