import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  attemptToken,
  createSigningKey,
  parseMeshSecret,
  signToken,
  workloadKey,
  type Role,
} from '#libs/auth/index.ts';
import {
  BlobServiceService,
  ObjectServiceService,
  type UploadHeader,
  type UploadRequest,
} from '#libs/contracts/blob.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { createClient } from '#libs/grpc/index.ts';
import { createLogger } from '#libs/telemetry/index.ts';
import { startAzurite, startMongod, tempDir } from '#libs/testing/index.ts';
import { readConfig } from './config.ts';
import type { Context } from './context.ts';
import { startBlob } from './service.ts';

const meshSecretHex = '5a'.repeat(32);
export const meshSecret = parseMeshSecret(meshSecretHex);

/** The surroundings of the service in specs: an Azurite, a mongod, and a key that signs tokens. */
export const startBackends = async () => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  const [azurite, mongod] = await Promise.all([startAzurite(), startMongod()]);
  opening.use(azurite);
  opening.use(mongod);
  const { privateJwk, publicJwk } = await createSigningKey([
    'customer',
    'operator',
    'agent',
    'service',
  ]);
  const jwks = join(dir.path, 'jwks.json');
  await writeFile(jwks, JSON.stringify({ keys: [publicJwk] }));
  const opened = opening.move();
  return {
    dir: dir.path,
    azurite,
    mongod,
    variables: {
      MUSTER_LISTEN: '127.0.0.1:0',
      MUSTER_JWKS: jwks,
      MUSTER_MESH_SECRET: meshSecretHex,
      MUSTER_MONGO_URL: mongod.url,
      MUSTER_BLOB_CONNECTION: azurite.url,
    },
    token: (role: Role, subject: string, machine?: string): Promise<string> => {
      const claims = { role, subject, issuer: 'muster', audience: 'muster', ttlSeconds: 600 };
      return signToken(privateJwk, machine === undefined ? claims : { ...claims, machine });
    },
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
  const log = createLogger({ service: 'blob', level: 'silent' });
  const config = readConfig({ ...backends.variables, ...env });
  const server = await startBlob(config, log, opening, overrides);
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

export function* uploadOf(
  header: Partial<UploadHeader>,
  bytes: Uint8Array,
  chunkBytes = 300_000,
): Generator<UploadRequest> {
  yield {
    part: {
      $case: 'header',
      value: { target: undefined, sha256: '', sizeBytes: undefined, ...header },
    },
  };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    yield { part: { $case: 'chunk', value: Buffer.from(bytes.subarray(at, at + chunkBytes)) } };
  }
}

export const customerFile = (customerId = ''): Pick<UploadHeader, 'target'> => ({
  target: { $case: 'customerFile', value: { customerId } },
});

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
export const reasonOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'answered';
  } catch (error) {
    return isDomainError(error) ? error.reason : String(error);
  }
};

/** All bytes of a download, with the head of its first message. */
export const readAll = async (
  chunks: AsyncIterable<{ chunk: Buffer; totalBytes: number; sha256: string }>,
): Promise<{ bytes: Buffer; totalBytes: number; sha256: string }> => {
  const pieces: Buffer[] = [];
  let head = { totalBytes: 0, sha256: '' };
  for await (const { chunk, totalBytes, sha256 } of chunks) {
    if (pieces.length === 0) {
      head = { totalBytes, sha256 };
    }
    pieces.push(chunk);
  }
  return { bytes: Buffer.concat(pieces), ...head };
};
