import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '#libs/embedded/index.ts';
import {
  startAzurite,
  startMongod,
  startNats,
  startService,
  tempDir,
  type RunningService,
  type TestMongod,
  type TestStore,
} from '#libs/testing/index.ts';
import { createClients, type Clients } from './clients.ts';
import { createKeys, type Keys } from './keys.ts';

export interface MeshOptions {
  /** Variables for session-supervisor over the usual ones. */
  supervisor?: Record<string, string>;
}

export interface AgentOptions {
  /** Default `noop`. */
  engines?: string;
  slots?: number;
  /** So many machines in one process, each with its own stream. Default 1. */
  streams?: number;
  env?: Record<string, string>;
}

/** A whole mesh: real stores and all services, each a process of its own, on ports that stay the same over restarts. */
export interface Mesh extends AsyncDisposable {
  readonly dir: string;
  readonly keys: Keys;
  readonly stores: { nats: TestStore; mongod: TestMongod; azurite: TestStore };
  readonly services: { supervisor: RunningService; manager: RunningService; blob: RunningService };
  readonly endpoints: { session: string; user: string; blob: string };
  readonly operator: Clients;
  /** Somebody who hands in work. */
  customer(id: string): Promise<Clients>;
  /** Enrols a machine and starts its agent. */
  agent(name: string, options?: AgentOptions): Promise<RunningService>;
}

const MESH_SECRET = '5a'.repeat(32);

export const startMesh = async (options: MeshOptions = {}): Promise<Mesh> => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  const [nats, mongod, azurite] = await Promise.all([startNats(), startMongod(), startAzurite()]);
  for (const store of [nats, mongod, azurite]) opening.use(store);
  const keys = await createKeys(dir.path);
  const ports = { session: await freePort(), user: await freePort(), blob: await freePort() };
  const endpoints = {
    session: `ipv4:127.0.0.1:${ports.session}`,
    user: `ipv4:127.0.0.1:${ports.user}`,
    blob: `ipv4:127.0.0.1:${ports.blob}`,
  };
  const common = {
    MUSTER_JWKS: keys.jwksFile,
    MUSTER_MESH_SECRET: MESH_SECRET,
    MUSTER_MONGO_URL: mongod.url,
    MUSTER_NATS_URL: nats.url,
    MUSTER_LOG_LEVEL: process.env['MUSTER_TEST_LOG'] ?? 'info',
  };
  const start = (name: string, port: number, env: Record<string, string> = {}): Promise<RunningService> =>
    startService({ name, env: { ...common, MUSTER_LISTEN: `127.0.0.1:${port}`, ...env } });
  const [blob, manager, supervisor] = await Promise.all([
    start('blob', ports.blob, { MUSTER_BLOB_CONNECTION: azurite.url }),
    start('user-manager', ports.user, { MUSTER_AGENT_KEY_FILE: keys.agentKeyFile }),
    start('session-supervisor', ports.session, {
      MUSTER_SERVICE_TOKEN: await keys.token('service', 'session-supervisor'),
      MUSTER_USER_ENDPOINT: endpoints.user,
      MUSTER_BLOB_ENDPOINT: endpoints.blob,
      ...options.supervisor,
    }),
  ]);
  for (const service of [blob, manager, supervisor]) opening.use(service);
  const operator = opening.use(createClients(endpoints, await keys.token('operator', 'operator')));
  const opened = opening.move();
  return {
    dir: dir.path,
    keys,
    stores: { nats, mongod, azurite },
    services: { supervisor, manager, blob },
    endpoints,
    operator,
    customer: async (id) => opened.use(createClients(endpoints, await keys.token('customer', id))),
    agent: async (name, { engines = 'noop', slots = 1, streams = 1, env = {} } = {}) => {
      const tokens: string[] = [];
      for (let i = 1; i <= streams; i += 1) {
        const machine = { name: streams === 1 ? name : `${name}-${i}`, tokenTtlSeconds: 0, requestId: '' };
        tokens.push((await operator.machines.createMachine(machine)).token);
      }
      const tokenFile = join(dir.path, `${name}.token`);
      await writeFile(tokenFile, tokens.join('\n'), { mode: 0o600 });
      const agent = await startService({
        name: 'compute-agent',
        env: {
          MUSTER_TOKEN_FILE: tokenFile,
          MUSTER_USER_ENDPOINT: endpoints.user,
          MUSTER_BLOB_ENDPOINT: endpoints.blob,
          MUSTER_AGENT_ENGINES: engines,
          MUSTER_AGENT_SLOTS: String(slots),
          MUSTER_AGENT_CACHE: join(dir.path, 'cache', name),
          MUSTER_LOG_LEVEL: common.MUSTER_LOG_LEVEL,
          ...env,
        },
      });
      return opened.use(agent);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};
