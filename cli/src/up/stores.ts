import { randomBytes } from 'node:crypto';
import { azurite, mongod, natsServer, type StoreProgram } from '#libs/embedded/index.ts';
import { keepPrivate, writePrivate } from './files.ts';
import type { Layout } from './layout.ts';
import type { UpOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/** How the services reach what keeps their state. */
export interface StoreUrls {
  mongo: string;
  nats: string;
  /** A file with the connection string of the blob storage. */
  blobConnectionFile: string;
}

/** The processes of the stores that are not given from outside; each has one port. */
export const storeNames = ({ mongo, nats, blob }: UpOptions): string[] => [
  ...(nats === undefined ? ['nats-server'] : []),
  ...(mongo === undefined ? ['mongod'] : []),
  ...(blob === undefined ? ['azurite'] : []),
];

/** mongod makes a replica set at its first start, and recovers after a kill. */
const STORE_READY_MS = 30_000;

/** Starts the embedded stores side by side, and says where all of them are. */
export const startStores = async (around: Surroundings): Promise<StoreUrls> => {
  const { options, layout, ports, secrets, supervisor, env } = around;
  const path = env['PATH'];
  const port = (name: string): number => ports[name] ?? 0;
  const start = async (preparing: Promise<StoreProgram>): Promise<string> => {
    const program = await preparing;
    await supervisor.add({ kind: 'store', program, readyMs: STORE_READY_MS });
    return program.url;
  };
  const { natsPassword, mongoPassword } = secrets;
  // Before the others are started: one that fails while this is awaited would have nobody to catch it.
  const key = await azuriteKey(layout);
  const [nats, mongo, blob] = await Promise.all([
    options.nats ??
      start(
        natsServer({
          dir: layout.data('nats'),
          port: port('nats-server'),
          password: natsPassword,
          path,
        }),
      ),
    options.mongo ??
      start(
        mongod({ dir: layout.data('mongod'), port: port('mongod'), password: mongoPassword, path }),
      ),
    options.blob ?? start(azurite({ dir: layout.data('azurite'), port: port('azurite'), key })),
  ]);
  const blobConnectionFile = layout.secret('blob-connection');
  await writePrivate(blobConnectionFile, `${blob}\n`);
  return { nats, mongo, blobConnectionFile };
};

const azuriteKey = (layout: Layout): Promise<string> =>
  keepPrivate(layout.secret('azurite-key'), () => randomBytes(64).toString('base64'));
