import { mkdir } from 'node:fs/promises';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import { ConfigError } from '#libs/config/index.ts';
import { systemRandom, type Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { openDesk, type Desk } from './desk/desk.ts';
import { logEvents, type Events } from './events.ts';
import { bootId } from './host/kernel-ports.ts';
import { createSocketTable, type SocketTable } from './host/socket-table.ts';
import { FolderInUseError, openLeaseStore, type LeaseStore } from './store/lease-store.ts';

/** What the service is built from. */
export interface Context {
  clock: Clock;
  random: Random;
  events: Events;
  sockets: SocketTable;
  store: LeaseStore;
  desk: Desk;
}

/** Builds it; tests give parts of their own. What it opens goes into `stack`. */
export const createContext = async (
  { dataDir, host, pools }: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Omit<Context, 'desk'>> = {},
): Promise<Context> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const parts = {
    clock: systemClock,
    random: systemRandom,
    events: logEvents(log),
    sockets: createSocketTable(),
    store: overrides.store ?? open(dataDir),
    ...overrides,
  };
  stack.defer(() => parts.store.close());
  const desk = openDesk({ ...parts, host, pools, bootId: await bootId() });
  stack.defer(() => desk.close());
  return { ...parts, desk };
};

const open = (dataDir: string): LeaseStore => {
  try {
    return openLeaseStore(dataDir);
  } catch (thrown) {
    if (!(thrown instanceof FolderInUseError)) throw thrown;
    throw new ConfigError([{ name: 'MUSTER_PORT_DATA', problem: `cannot be used: ${thrown.message}` }]);
  }
};
