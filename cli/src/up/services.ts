import type { TlsFiles } from '#libs/config/index.ts';
import { serviceProgram, type Program } from '#libs/embedded/index.ts';
import type { MongoService } from '#libs/mongo/rights.ts';
import type { CliEnvironment } from '../cli.ts';
import { parts, type Part } from '../context.ts';
import type { Layout } from './layout.ts';
import type { Ports } from './ports.ts';
import type { StoreUrls } from './stores.ts';
import type { UpOptions } from './surroundings.ts';

interface ServiceInstance {
  name: string;
  service: MongoService;
  /** The endpoint of a context that it serves. */
  part: Part;
}

const replicas = (service: MongoService, part: Part, count: number): ServiceInstance[] =>
  Array.from({ length: count }, (_, i) => ({ name: `${service}-${i + 1}`, service, part }));

type Replicas = Pick<UpOptions, 'supervisors' | 'userManagers' | 'portHosts'>;

export const serviceInstances = ({
  supervisors,
  userManagers,
  portHosts,
}: Replicas): ServiceInstance[] => [
  ...replicas('blob', 'blob', 1),
  ...replicas('user-manager', 'user', userManagers),
  ...replicas('session-supervisor', 'session', supervisors),
  ...replicas('port-broker', 'port', portHosts),
];

/** gRPC targets of all replicas of each part. */
export const endpointsOf = (options: Replicas, ports: Ports): Record<Part, string> => {
  const target = (part: Part): string => {
    const instances = serviceInstances(options).filter((one) => one.part === part);
    return `ipv4:${instances.map(({ name }) => `127.0.0.1:${ports[name] ?? 0}`).join(',')}`;
  };
  return Object.fromEntries(parts.map((part) => [part, target(part)])) as Record<Part, string>;
};

/** The variables that users may set for a mesh; `up` sets all others that begin with MUSTER_. */
const passedOn = /^MUSTER_((PLAN|LOG|AGENT)_|INSECURE$)/;

/** What every child inherits: the user's environment without the variables of other meshes and of this command. */
export const inheritedEnvironment = (
  env: CliEnvironment['inherited'],
): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('MUSTER_') || passedOn.test(name)),
  );

export const tlsEnvironment = (tls: TlsFiles = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tls).map(([name, file]: [string, string]) => [
      `MUSTER_TLS_${name.toUpperCase()}`,
      file,
    ]),
  );

/** The environment that all services share; each reads what it needs. */
export const serviceEnvironment = (
  layout: Layout,
  stores: StoreUrls,
  endpoints: Record<Part, string>,
  { caseRoot, vncNetwork, webhookNetwork, computeWorker, sandbox }: UpOptions,
): Record<string, string> => ({
  MUSTER_BLOB_CONNECTION_FILE: stores.blobConnectionFile,
  ...(sandbox ? {} : { MUSTER_BLOB_NO_SANDBOX: '1' }),
  MUSTER_JWKS: layout.jwks,
  MUSTER_MESH_SECRET_FILE: layout.meshSecret,
  MUSTER_AGENT_KEY_FILE: layout.agentKey,
  MUSTER_SESSION_ENDPOINT: endpoints.session,
  MUSTER_USER_ENDPOINT: endpoints.user,
  MUSTER_PORT_ENDPOINT: endpoints.port,
  MUSTER_BLOB_ENDPOINT: endpoints.blob,
  MUSTER_PORT_ON_STOP: 'end',
  ...(caseRoot.length === 0 ? {} : { MUSTER_PORT_CASE_ROOTS: caseRoot.join(':') }),
  ...(computeWorker.length === 0 ? {} : { MUSTER_PORT_COMPUTE_WORKERS: computeWorker.join('\n') }),
  ...(vncNetwork.length === 0 ? {} : { MUSTER_PORT_VNC_NETWORKS: vncNetwork.join(',') }),
  ...(webhookNetwork.length === 0 ? {} : { MUSTER_WEBHOOK_NETWORKS: webhookNetwork.join(',') }),
});

/** The stores as a service reaches them, by users of its own. */
export const storeEnvironment = (
  service: ServiceInstance['service'],
  stores: Pick<StoreUrls, 'mongo' | 'nats'>,
): Record<string, string> => ({
  MUSTER_MONGO_URL: stores.mongo(service),
  ...(service === 'port-broker' ? {} : { MUSTER_NATS_URL: stores.nats(service) }),
});

/** What is of a process alone. Several port-brokers are hosts of their own: each has a loopback address, told apart by its last number. */
export const instanceEnvironment = (
  name: string,
  layout: Layout,
  { portHosts }: Replicas,
): Record<string, string> => {
  const [, number] = /^port-broker-(\d+)$/.exec(name) ?? [];
  if (number === undefined) {
    return {};
  }
  if (portHosts === 1) {
    return { MUSTER_PORT_DATA: layout.data('port-broker') };
  }
  return {
    MUSTER_PORT_DATA: layout.data(number === '1' ? 'port-broker' : name),
    MUSTER_PORT_HOST: `host-${number}`,
    MUSTER_PORT_ADDRESS: `127.0.0.${number}`,
    MUSTER_PORT_OWN_ADDRESS: '1',
  };
};

/** A process of a service: it says that it is ready by a file, and drains when we are gone. */
export const serviceProcess = (
  name: string,
  service: string,
  env: Readonly<Record<string, string>>,
  layout: Layout,
): Program => ({ ...serviceProgram({ name: service, env, readyFile: layout.ready(name) }), name });
