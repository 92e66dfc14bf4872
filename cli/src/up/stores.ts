import { randomBytes } from 'node:crypto';
import { azurite, mongod, natsServer, type StoreProgram } from '#libs/embedded/index.ts';
import type { BusService } from '#libs/mesh/index.ts';
import type { MongoService } from '#libs/mongo/rights.ts';
import { keepPrivate, writePrivate } from './files.ts';
import type { Surroundings, UpOptions } from './surroundings.ts';

/** How the services reach what keeps their state. */
export interface StoreUrls {
  mongo: (service: MongoService) => string;
  nats: (service: BusService) => string;
  /** A file with the connection string of the blob storage. */
  blobConnectionFile: string;
}

/** The processes of the stores that are not given from outside; each has one port. */
export const storeNames = ({ mongo, nats, blob }: UpOptions): string[] => [
  ...(nats === undefined ? ['nats-server'] : []),
  ...(mongo === undefined ? ['mongod'] : []),
  ...(blob === undefined ? ['azurite'] : []),
];

/** The services' default. */
const DATABASE = 'muster';

/** A store from outside has one user for all services: the one in its URL. */
const fromOutside = (url: string | undefined) =>
  url === undefined ? undefined : { url, urlFor: () => url };

/** mongod makes a replica set at its first start, and recovers after a kill. */
const STORE_READY_MS = 30_000;

/** Starts the embedded stores side by side, and says where all of them are. */
export const startStores = async (around: Surroundings): Promise<StoreUrls> => {
  const { options, layout, ports, secrets, supervisor, env } = around;
  const path = env['PATH'];
  const at = (name: string) => ({ port: ports[name] ?? 0, path });
  const start = async <P extends StoreProgram>(preparing: Promise<P>): Promise<P> => {
    const program = await preparing;
    await supervisor.add({ kind: 'store', program, readyMs: STORE_READY_MS });
    return program;
  };
  const { natsPasswords, mongoPasswords } = secrets;
  // Before the others are started: one that fails while this is awaited would have nobody to catch it.
  const key = await keepPrivate(layout.secret('azurite-key'), () =>
    randomBytes(64).toString('base64'),
  );
  const dirs = {
    nats: layout.data('nats'),
    mongo: layout.data('mongod'),
    blob: layout.data('azurite'),
  };
  const [nats, mongo, blob] = await Promise.all([
    fromOutside(options.nats) ??
      start(natsServer({ dir: dirs.nats, passwords: natsPasswords, ...at('nats-server') })),
    fromOutside(options.mongo) ??
      start(
        mongod({
          dir: dirs.mongo,
          passwords: mongoPasswords,
          database: DATABASE,
          ...at('mongod'),
        }),
      ),
    fromOutside(options.blob) ?? start(azurite({ dir: dirs.blob, key, ...at('azurite') })),
  ]);
  const blobConnectionFile = layout.secret('blob-connection');
  await writePrivate(blobConnectionFile, `${blob.url}\n`);
  return { nats: nats.urlFor, mongo: mongo.urlFor, blobConnectionFile };
};
