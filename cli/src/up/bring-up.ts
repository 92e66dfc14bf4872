import { rm } from 'node:fs/promises';
import { aborted, inParallel } from '#libs/async/index.ts';
import type { Cli } from '../cli.ts';
import { Interrupted } from '../failures.ts';
import { startAgents } from './agents.ts';
import { writePrivateJson } from './files.ts';
import { prepareDirectory } from './layout.ts';
import { childMark, endLeftovers } from './leftovers.ts';
import { takeLock } from './lock.ts';
import { keepPorts } from './ports.ts';
import { keepSecrets } from './secrets.ts';
import {
  endpointsOf,
  inheritedEnvironment,
  instanceEnvironment,
  serviceEnvironment,
  serviceInstances,
  serviceProcess,
  storeEnvironment,
  tlsEnvironment,
} from './services.ts';
import { startStores, storeNames } from './stores.ts';
import { watchDisk } from './disk.ts';
import { createProcessTable, createSupervisor } from './supervise.ts';
import { tellReady, type Surroundings, type Tell, type UpOptions } from './surroundings.ts';

/** Services find their stores ready and start within seconds; a busy machine may need more. */
const SERVICE_READY_MS = 30_000;

/**
 * Runs a whole mesh on this machine until `cli.interrupt`, then drains it: agents, services, stores. If the start
 * fails, nothing is left running.
 *
 * @throws FAILED_PRECONDITION `ALREADY_UP`, `PORT_TAKEN`, `PART_FAILED`
 */
export const bringUp = async (cli: Cli, options: UpOptions, tell: Tell): Promise<void> => {
  const { clock, interrupt: signal } = cli;
  const layout = await prepareDirectory(options.data);
  await using _lock = await takeLock(layout.lock);
  await rm(layout.announcement, { force: true });
  const secrets = await keepSecrets(layout);
  const leftovers = await endLeftovers(clock, secrets.nonce, layout.directory);
  if (leftovers > 0) {
    tell(undefined, `ended ${leftovers} processes that an earlier \`muster up\` left behind`);
  }

  const names = [...storeNames(options), ...serviceInstances(options).map(({ name }) => name)];
  const ports = await keepPorts(layout.ports, names);
  const table = await createProcessTable(layout.processes, clock);
  const env = {
    ...inheritedEnvironment(cli.env.inherited),
    ...tlsEnvironment(options.tls),
    ...childMark(secrets.nonce, layout.directory),
  };
  const restarts = options.restart;
  const supervisor = createSupervisor({ clock, table, layout, env, restarts, signal, tell });
  await using _disk = watchDisk({
    clock,
    directory: layout.directory,
    note: (text) => tell(undefined, text),
    // JetStream switches itself off when a write fails, and comes back only with its server.
    onRoom: () => supervisor.renew('nats-server'),
  });
  try {
    await startEverything({ options, layout, ports, secrets, supervisor, cli, env, tell });
    await aborted(signal);
    tell(undefined, 'draining: agents, services, stores');
  } catch (error) {
    if (signal.aborted) {
      throw new Interrupted('interrupted while starting; everything is ended again');
    }
    throw error;
  } finally {
    await rm(layout.announcement, { force: true });
    await supervisor.drain();
  }
};

const startEverything = async (around: Surroundings): Promise<void> => {
  const { options, layout, ports, secrets, supervisor, tell } = around;
  const { interrupt: signal } = around.cli;
  const stores = await startStores(around);
  signal.throwIfAborted();

  const endpoints = endpointsOf(options, ports);
  const shared = serviceEnvironment(layout, stores, endpoints, options);
  await inParallel(Infinity, serviceInstances(options), async ({ name, service }) => {
    const own = {
      MUSTER_LISTEN: `127.0.0.1:${ports[name] ?? 0}`,
      ...storeEnvironment(service, stores),
      ...instanceEnvironment(name, layout, options),
      MUSTER_SERVICE_TOKEN_FILE: await secrets.keepToken(name, 'service', service),
    };
    const program = serviceProcess(name, service, { ...shared, ...own }, layout);
    await supervisor.add({ kind: 'service', program, readyMs: SERVICE_READY_MS });
  });
  const ca = options.tls?.ca ?? null;
  await writePrivateJson(layout.context, { endpoints, tokens: secrets.tokens, ca });

  await startAgents(around, endpoints);
  signal.throwIfAborted();
  await writePrivateJson(layout.announcement, { pid: process.pid, endpoints });
  tellReady(tell, process.pid, endpoints, layout.context);
};
