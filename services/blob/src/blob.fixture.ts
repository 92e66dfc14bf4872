import { createHash } from 'node:crypto';
import { attemptToken, parseMeshSecret, workloadKey } from '#libs/auth/index.ts';
import {
  BlobServiceService,
  ObjectServiceService,
  type UploadHeader,
} from '#libs/contracts/blob.ts';
import { createClient } from '#libs/grpc/index.ts';
import {
  createKeys,
  failureOf,
  MESH_SECRET,
  startAzurite,
  startMongod,
  tempDir,
  testLog,
} from '#libs/testing/index.ts';
import { readConfig } from './config.ts';
import type { Context } from './context.ts';
import { startBlob } from './service.ts';

export const meshSecret = parseMeshSecret(MESH_SECRET);

/** The surroundings of the service in specs: an Azurite, a mongod, and a key that signs tokens. */
export const startBackends = async () => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  const [azurite, mongod] = await Promise.all([startAzurite(), startMongod()]);
  opening.use(azurite);
  opening.use(mongod);
  const { jwksFile, token } = await createKeys(dir.path);
  const opened = opening.move();
  return {
    dir: dir.path,
    azurite,
    mongod,
    variables: {
      MUSTER_LISTEN: '127.0.0.1:0',
      MUSTER_JWKS: jwksFile,
      MUSTER_MESH_SECRET: MESH_SECRET,
      MUSTER_MONGO_URL: mongod.url,
      MUSTER_BLOB_CONNECTION: azurite.url,
    },
    token,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

/** A client of both services; `object` has the rpcs of the object service. */
export const connect = (target: string, token: string) => {
  const blob = createClient(BlobServiceService, { target, token });
  const object = createClient(ObjectServiceService, { target, token });
  const close = (): void => {
    blob.close();
    object.close();
  };
  return { ...blob, object, close, [Symbol.dispose]: close };
};

export type BlobFixture = Awaited<ReturnType<typeof startFixture>>;

/** The running service, with a client for each kind of caller. */
export const startFixture = async (
  overrides: Partial<Context> = {},
  env: Record<string, string> = {},
) => {
  await using opening = new AsyncDisposableStack();
  const backends = opening.use(await startBackends());
  const config = readConfig({ ...backends.variables, ...env });
  const server = await startBlob(config, testLog, opening, overrides);
  const as = async (...who: Parameters<typeof backends.token>) =>
    opening.use(connect(server.address, await backends.token(...who)));
  const clients = {
    alice: await as('customer', 'alice'),
    bob: await as('customer', 'bob'),
    carol: await as('customer', 'carol'),
    operator: await as('operator', 'olga'),
    service: await as('service', 'session-supervisor'),
    agent: await as('agent', 'alice', 'm-1'),
    otherAgent: await as('agent', 'alice', 'm-2'),
  };
  const opened = opening.move();
  const { azurite, mongod, token } = backends;
  return {
    azurite,
    mongod,
    token,
    config,
    server,
    ...clients,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

export const sha256Of = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

export interface AttemptAsk {
  task?: string;
  generation?: number;
  attempt?: string;
  extension?: string;
  machine?: string;
}

/** An attempt's file with a token for machine `m-1`, or for another one on request. */
export const attemptResult = (
  workloadId: string,
  ask: AttemptAsk = {},
): Pick<UploadHeader, 'target'> => {
  const {
    task = 'frames/1',
    generation = 0,
    attempt = '0-1',
    extension = 'png',
    machine = 'm-1',
  } = ask;
  const key = workloadKey(meshSecret, workloadId);
  const token = Buffer.from(attemptToken(key, { task, generation, attempt, user: machine }));
  return {
    target: {
      $case: 'attemptResult',
      value: { workloadId, attempt: { task, generation, attempt, token }, extension },
    },
  };
};

/** The reason why a call was refused, or `answered`. */
export const reasonOf = async (call: Promise<unknown>): Promise<string> =>
  (await failureOf(call))?.reason ?? 'answered';
