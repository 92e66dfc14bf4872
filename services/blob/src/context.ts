import type { KeyObject } from 'node:crypto';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import { collection, connectMongo } from '#libs/mongo/index.ts';
import { systemRandom, type Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { logEvents, type Events } from './events.ts';
import { openBlobs, type Blobs } from './store/blobs.ts';
import { openObjects, type Objects } from './store/objects.ts';

export interface Context {
  blobs: Blobs;
  objects: Objects;
  events: Events;
  log: Logger;
  meshSecret: KeyObject;
  maximumUploadBytes: number;
  clock: Clock;
  random: Random;
}

export const createContext = async (
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Context> = {},
): Promise<Context> => {
  const { meshSecret, uploads } = config;
  const mongo = await connectMongo({ ...config.mongo, logger: log });
  stack.defer(() => mongo.close());
  return {
    blobs: openBlobs({ ...config.storage, meshSecret, maximumUploads: uploads.atOnce }),
    objects: openObjects(collection(mongo.db, 'objects')),
    events: logEvents(),
    log,
    meshSecret,
    maximumUploadBytes: uploads.maximumBytes,
    clock: systemClock,
    random: systemRandom,
    ...overrides,
  };
};
