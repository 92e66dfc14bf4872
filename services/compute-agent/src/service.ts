import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { createContext, type Context } from './context.ts';
import { machineOf } from './domain/machine-name.ts';
import { startMachine } from './machine.ts';

/** A running agent. */
export interface Agent {
  /** Names the agent for people, by its machines. */
  address: string;
  /** Resolves when other agents have taken the places of all its machines. */
  superseded: Promise<void>;
  /** Finishes its tasks, hands back the rest, and says goodbye. */
  leave(reason: string): Promise<void>;
}

/** How long a start waits for the mesh. After that it goes on, because the mesh may come later. */
const WELCOME_MS = 3_000;

/** Starts the agent. `signal` aborts the start. Tests override parts of the context. */
export const startAgent = async (
  config: Config,
  log: Logger,
  signal: AbortSignal,
  overrides: Partial<Context> = {},
): Promise<Agent> => {
  const context = await createContext(config, log, signal, overrides);
  signal.throwIfAborted();
  const { engines, cpus, memoryBytes, sandbox } = context.capability;
  log.info(
    { engines, cpus, memoryBytes, sandbox, slots: config.slots },
    'what this machine can do',
  );
  const machines = config.tokens.map((token) => startMachine(token, config, context));
  const superseded = Promise.all(machines.map(({ ended }) => ended)).then((ends) =>
    ends.includes('left') ? new Promise<void>(() => undefined) : undefined,
  );
  const late = Promise.withResolvers<void>();
  const timer = context.clock.setTimer(WELCOME_MS, late.resolve);
  await Promise.race([
    Promise.all(machines.map(({ welcomed }) => welcomed)),
    late.promise,
    superseded,
  ]);
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
