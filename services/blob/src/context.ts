import type { KeyObject } from 'node:crypto';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import { collection, connectMongo } from '#libs/mongo/index.ts';
import { connectBus } from '#libs/nats/index.ts';
import { systemRandom, type Random } from '#libs/random/index.ts';
import { findSandbox } from '#libs/sandbox/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { logEvents, type Events } from './events.ts';
import type { PaceRules } from './domain/pace.ts';
import { createDecoders, type Decoders } from './pictures/decoders.ts';
import { openBlobs, type Blobs } from './store/blobs.ts';
import { openKeptUploads, type KeptUploads } from './store/kept-uploads.ts';
import { createStanding, type Standing } from './store/standing.ts';
import { createLooks, type Looks } from './store/looks.ts';
import { createLanes, type Lanes } from './store/lanes.ts';
import { openObjects, type Objects } from './store/objects.ts';

export interface Context {
  blobs: Blobs;
  objects: Objects;
  kept: KeptUploads;
  decoders: Decoders;
  events: Events;
  log: Logger;
  meshSecret: KeyObject;
  maximumUploadBytes: number;
  maximumPartBytes: number;
  lanes: Lanes;
  looks: Looks;
  standing: Standing;
  pace: PaceRules;
  /** What time it is when the storage says that it is so late. Specs make what is stored older than it is. */
  toNow: (said: Date) => number;
  clock: Clock;
  random: Random;
}

export const createContext = async (
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Context> = {},
): Promise<Context> => {
  const { meshSecret, maximumUploadBytes, maximumPartBytes, pace } = config;
  const mongo = await connectMongo({ ...config.mongo, service: 'blob', logger: log });
  stack.defer(() => mongo.close());
  const bus = await connectBus({ ...config.nats, name: 'blob', service: 'blob', logger: log });
  stack.defer(() => bus.close());
  const clock = overrides.clock ?? systemClock;
  const { toNow = (said: Date) => said.getTime() } = overrides;
  const noSandbox = config.pictures.isUnconfined;
  const decoders =
    overrides.decoders ?? createDecoders({ findSandbox: () => findSandbox({ noSandbox }), clock });
  stack.use(decoders);
  const blobs = overrides.blobs ?? openBlobs({ ...config.storage, meshSecret, toNow });
  return {
    blobs,
    objects: openObjects(collection(mongo.db, 'objects')),
    kept: openKeptUploads(collection(mongo.db, 'keptUploads'), {
      clock,
      random: systemRandom,
      log,
    }),
    decoders,
    events: logEvents(),
    log,
    meshSecret,
    maximumUploadBytes,
    maximumPartBytes,
    lanes: createLanes(config.places),
    looks: createLooks(blobs, clock),
    pace,
    toNow,
    standing: createStanding({ bus, clock, log }),
    clock,
    random: systemRandom,
    ...overrides,
  };
};
