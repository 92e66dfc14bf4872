import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '#libs/embedded/index.ts';
import {
  startAzurite,
  startMongod,
  startNats,
  startProxy,
  startService,
  tempDir,
  type Proxy,
  type RunningService,
  type TestAzurite,
  type TestMongod,
  createKeys,
  MESH_SECRET,
  urlAs,
} from '#libs/testing/index.ts';
import type { ServiceName } from '#libs/mesh/index.ts';
import { createClients } from './clients.ts';

interface MeshOptions {
  /** Variables for session-supervisor that replace the usual ones. */
  supervisor?: Record<string, string>;
  /** Number of session-supervisors and of user-managers. Defaults to 1. */
  replicas?: number;
  /** Whether all calls between parts go through proxies. */
  isProxied?: boolean;
  /** Where it keeps its state, beside other meshes. Default: in stores of its own. */
  stores?: MeshStores;
}

/** What a mesh keeps its state in. NATS has no rooms, so a mesh shares it with no other one. */
export interface MeshStores {
  mongod: TestMongod;
  azurite: TestAzurite;
  /** The names of its own database and container. */
  database: string;
  container: string;
}

const ownStores = async (opening: AsyncDisposableStack): Promise<MeshStores> => {
  const [mongod, azurite] = await Promise.all([startMongod(), startAzurite()]);
  opening.use(mongod);
  opening.use(azurite);
  return { mongod, azurite, database: 'muster', container: 'muster' };
};

/** The proxy between two parts of the mesh. Each is named by its kind: `session-supervisor`, `mongod`, `customer`. */
export interface Link {
  from: string;
  to: string;
  proxy: Proxy;
}

interface AgentOptions {
  /** Default `noop`. */
  engines?: string;
  slots?: number;
  /** Number of machines in one process, each with its own stream. Defaults to 1. */
  streams?: number;
  env?: Record<string, string>;
  /** Whose machines they are. All are one owner's by default, so nobody looks at their results twice. */
  owner?: string;
}

export type Mesh = Awaited<ReturnType<typeof startMesh>>;

/** A whole mesh: real stores and all services. Each is a process of its own, and keeps its port over restarts. */
export const startMesh = async (options: MeshOptions = {}) => {
  await using opening = new AsyncDisposableStack();
  const dir = opening.use(await tempDir());
  const nats = opening.use(await startNats());
  const stores = options.stores ?? (await ownStores(opening));
  const { mongod, azurite } = stores;
  const keys = await createKeys(dir.path);
  const { replicas = 1, isProxied = false } = options;
  const logLevel = process.env['MUSTER_TEST_LOG'] ?? 'info';
  const freePorts = (n: number): Promise<number[]> =>
    Promise.all(Array.from({ length: n }, () => freePort()));
  const ports = {
    session: await freePorts(replicas),
    user: await freePorts(replicas),
    blob: await freePorts(1),
  };
  const links: Link[] = [];
  const via = async (from: string, to: string, port: number): Promise<number> => {
    if (!isProxied) {
      return port;
    }
    const proxy = opening.use(await startProxy({ target: port }));
    links.push({ from, to, proxy });
    return proxy.port;
  };
  const ways = async (from: string, to: string, some: readonly number[]): Promise<string> => {
    const reached = await Promise.all(some.map((port) => via(from, to, port)));
    return `ipv4:${reached.map((port) => `127.0.0.1:${port}`).join(',')}`;
  };
  const endpoints = {
    session: await ways('customer', 'session-supervisor', ports.session),
    user: await ways('agent', 'user-manager', ports.user),
    blob: await ways('agent', 'blob', ports.blob),
  };
  const start = (
    name: string,
    port: number,
    env: Record<string, string> = {},
  ): Promise<RunningService> =>
    startService({
      name,
      env: {
        MUSTER_JWKS: keys.jwksFile,
        MUSTER_MESH_SECRET: MESH_SECRET,
        MUSTER_LOG_LEVEL: logLevel,
        MUSTER_LISTEN: `127.0.0.1:${port}`,
        ...env,
      },
    });
  const mongoOf = async (name: ServiceName): Promise<Record<string, string>> => {
    const port = await via(name, 'mongod', mongod.port);
    return {
      MUSTER_MONGO_URL: urlAs(isProxied ? mongod.urlVia(port) : mongod.url, name),
      MUSTER_MONGO_DATABASE: stores.database,
    };
  };
  const natsOf = async (name: ServiceName): Promise<string> => {
    const url = new URL(urlAs(nats.url, name));
    url.port = String(await via(name, 'nats-server', nats.port));
    return url.href;
  };
  const storesOf = async (name: ServiceName): Promise<Record<string, string>> => ({
    ...(await mongoOf(name)),
    MUSTER_NATS_URL: await natsOf(name),
  });
  const startBlob = async (port: number): Promise<RunningService> => {
    const connection = azurite.urlVia(await via('blob', 'azurite', azurite.port));
    return start('blob', port, {
      ...(await storesOf('blob')),
      MUSTER_BLOB_CONNECTION: connection,
      MUSTER_BLOB_CONTAINER: stores.container,
    });
  };
  const startManager = async (port: number): Promise<RunningService> =>
    start('user-manager', port, {
      ...(await storesOf('user-manager')),
      MUSTER_AGENT_KEY_FILE: keys.agentKeyFile,
    });
  const serviceToken = await keys.token('service', 'session-supervisor');
  const startSupervisor = async (port: number): Promise<RunningService> =>
    start('session-supervisor', port, {
      ...(await storesOf('session-supervisor')),
      MUSTER_SERVICE_TOKEN: serviceToken,
      MUSTER_BLOB_ENDPOINT: await ways('session-supervisor', 'blob', ports.blob),
      ...options.supervisor,
    });
  const [blobs, managers, supervisors] = await Promise.all([
    Promise.all(ports.blob.map(startBlob)),
    Promise.all(ports.user.map(startManager)),
    Promise.all(ports.session.map(startSupervisor)),
  ]);
  for (const service of [...blobs, ...managers, ...supervisors]) {
    opening.use(service);
  }
  const [[blob], [manager], [supervisor]] = [blobs, managers, supervisors];
  if (blob === undefined || manager === undefined || supervisor === undefined) {
    throw new Error('a mesh has one of each');
  }
  const operator = opening.use(createClients(endpoints, await keys.token('operator', 'operator')));
  const opened = opening.move();
  return {
    dir: dir.path,
    keys,
    stores: { nats, ...stores },
    services: { supervisor, manager, blob },
    /** Those in `services` come first. */
    replicas: { supervisors, managers },
    /** The proxies between any two parts, one for each replica; empty unless they were asked for. */
    links,
    endpoints,
    operator,
    customer: async (id: string) =>
      opened.use(createClients(endpoints, await keys.token('customer', id))),
    /** Enrols a machine and starts its agent. */
    agent: async (
      name: string,
      { engines = 'noop', slots = 1, streams = 1, env = {}, owner = 'tests' }: AgentOptions = {},
    ) => {
      const tokens: string[] = [];
      for (let i = 1; i <= streams; i += 1) {
        const machine = {
          name: streams === 1 ? name : `${name}-${i}`,
          tokenTtlSeconds: 0,
          requestId: '',
          ownerId: owner,
        };
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
          MUSTER_LOG_LEVEL: logLevel,
          ...env,
        },
      });
      return opened.use(agent);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};
