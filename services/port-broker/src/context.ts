import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#libs/clock/index.ts';
import { ConfigError } from '#libs/config/index.ts';
import { readBootId } from '#libs/programs/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { connectBlob } from './blob-access.ts';
import { openComputeSessions, type ComputeSessions } from './compute/compute-sessions.ts';
import type { Config } from './config.ts';
import { openLeaseManager, type LeaseManager } from './leases/lease-manager.ts';
import { logEvents, type Events } from './events.ts';
import { createForward, type Forward } from './hosts/forward.ts';
import { openHosts, type Hosts } from './hosts/hosts.ts';
import { tagged } from './hosts/tags.ts';
import { createSocketTable } from './host/socket-table.ts';
import { FolderInUseError, openDatabase } from './store/database.ts';
import { createComputeStore } from './store/compute-store.ts';
import { createLeaseStore } from './store/lease-store.ts';
import { createSessionStore } from './store/session-store.ts';
import { openHostKeeper } from './session/host-keeper.ts';
import { openVisualizations, type Visualizations } from './visualization/visualizations.ts';
import { openConsoles, type Consoles } from './vnc/consoles.ts';

export interface Context {
  clock: Clock;
  events: Events;
  /** The name or address at which clients reach leased ports. */
  publicHost: string;
  leaseManager: LeaseManager;
  visualizations: Visualizations;
  consoles: Consoles;
  computeSessions: ComputeSessions;
  hosts: Hosts;
  forward: Forward;
}

/** Builds the context. Everything that it opens goes into `stack`. */
export const createContext = async (
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  clock: Clock,
): Promise<Context> => {
  const { dataDir, host, pools } = config;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const database = open(dataDir);
  stack.defer(() => database.close());
  const events = logEvents(log);
  const sockets = createSocketTable(config.isOneOfSeveral ? { address: config.address } : {});
  const shared = { clock, random: tagged(systemRandom, host), events, sockets };
  const store = createLeaseStore(database);
  const bootId = await readBootId();
  const leaseManager = openLeaseManager({ ...shared, store, host, pools, bootId });
  stack.defer(() => leaseManager.close());
  const hostKeeper = openHostKeeper({ clock, folder: dataDir, bounds: config.hostBounds });
  stack.defer(() => hostKeeper.close());
  const keeping = {
    hostKeeper,
    ...shared,
    leaseManager,
    folder: join(dataDir, 'sessions'),
    store: createSessionStore(database),
    failpoint: failpointOf(config.failpoint),
  };
  const blob =
    config.blob === undefined
      ? undefined
      : connectBlob({ ...config.blob, tls: config.server.tls, insecure: config.server.insecure });
  stack.defer(() => blob?.close());
  /** Closes the session managers. Ends their sessions first if the configuration says so. */
  const closeSessions = (sessions: { close(): void }, endAll: () => Promise<void>): void =>
    stack.defer(async () => {
      if (config.onStop === 'end') {
        await endAll();
      }
      sessions.close();
    });
  const visualizations = openVisualizations(config, keeping, blob);
  closeSessions(visualizations, () => visualizations.manager.stopAll());
  const consoles = openConsoles(config, keeping, { tokensFolder: join(dataDir, 'vnc'), bootId });
  closeSessions(consoles, () => consoles.stopAll());
  const computeSessions = openComputeSessions(config, keeping, createComputeStore(database));
  closeSessions(computeSessions, () => computeSessions.manager.stopAll());
  const free = (): Map<string, number> =>
    new Map(
      [...leaseManager.table().pools].map(([name, of]) => [
        name,
        Math.min(of.free.size, of.pool.maxLeases - of.leased),
      ]),
    );
  const hosts = openHosts({ mongo: config.mongo, host, free, clock, log });
  stack.defer(() => hosts.close());
  const forward = createForward(host, config.server);
  stack.defer(() => forward.close());
  return {
    clock,
    events,
    leaseManager,
    visualizations,
    consoles,
    computeSessions,
    hosts,
    forward,
    publicHost: isWildcard(config.address) ? host : config.address,
  };
};

const open = (dataDir: string): DatabaseSync => {
  try {
    return openDatabase(dataDir);
  } catch (thrown) {
    if (!(thrown instanceof FolderInUseError)) {
      throw thrown;
    }
    throw new ConfigError([
      { name: 'MUSTER_PORT_DATA', problem: `cannot be used: ${thrown.message}` },
    ]);
  }
};

/** Ends this process after the named step, as a kill -9 would. */
const failpointOf =
  (name: string | undefined) =>
  (step: string): void => {
    if (step === name) {
      process.kill(process.pid, 'SIGKILL');
    }
  };

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';
