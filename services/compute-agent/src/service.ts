import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { createContext, type Context } from './context.ts';
import { machineOf } from './domain/machine-name.ts';
import { startMachine } from './machine.ts';

/** A running agent. */
export interface Agent {
  /** Names the agent to people: the machines that it is. */
  address: string;
  /** Resolves when the mesh wants none of its machines any more, because others took their places. */
  superseded: Promise<void>;
  /** Finishes and hands back, says goodbye. */
  leave(reason: string): Promise<void>;
}

/** How long a start waits for the mesh before it goes on without: it may be there later. */
const WELCOME_MS = 3_000;

/** Starts the agent; `signal` gives the start up. Tests override parts of the context. */
export const startAgent = async (
  config: Config,
  log: Logger,
  signal: AbortSignal,
  overrides: Partial<Context> = {},
): Promise<Agent> => {
  const context = await createContext(config, log, signal, overrides);
  signal.throwIfAborted();
  const { engines, cpus, memoryBytes, sandbox } = context.capability;
  log.info({ engines, cpus, memoryBytes, sandbox, slots: config.slots }, 'what this machine can do');
  const machines = config.tokens.map((token) => startMachine(token, config, context));
  const superseded = Promise.all(machines.map(({ ended }) => ended)).then((ends) =>
    ends.includes('left') ? new Promise<void>(() => undefined) : undefined,
  );
  const late = Promise.withResolvers<void>();
  const timer = context.clock.setTimer(WELCOME_MS, late.resolve);
  await Promise.race([Promise.all(machines.map(({ welcomed }) => welcomed)), late.promise, superseded]);
  timer.cancel();
  return {
    address: config.tokens.map((token) => machineOf(token) ?? 'unknown').join(','),
    superseded,
    leave: async (reason) => {
      await Promise.all(machines.map((machine) => machine.leave(reason, config.graceMs)));
      await context.outboxes.close();
    },
  };
};
