import { within } from '#libs/async/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { createContext, type Context } from './context.ts';
import { machineOf } from './domain/machine-name.ts';
import { startTelling } from './telling.ts';
import { MAX_YIELD_MS, startMachine } from './machine.ts';

/** A running agent. */
export type Agent = Awaited<ReturnType<typeof startAgent>>;

/** How long a start waits for the mesh. After that it goes on, because the mesh may come later. */
const WELCOME_MS = 3_000;

/** The longest that it takes to leave: twice the grace, the last checkpoints between, and what becomes durable and said after. */
export const MAX_LEAVE_MS = MAX_YIELD_MS + 60_000;

/** Starts the agent. `signal` aborts the start. Tests override parts of the context. */
export const startAgent = async (
  config: Config,
  log: Logger,
  signal: AbortSignal,
  overrides: Partial<Context> = {},
) => {
  const context = await createContext(config, log, signal, overrides);
  signal.throwIfAborted();
  const { engines, cpus, memoryBytes, sandbox } = context.capability;
  log.info(
    { engines, cpus, memoryBytes, sandbox, slots: config.slots },
    'what this machine can do',
  );
  const machines = config.tokens.map((token) => startMachine(token, config, context));
  const [first] = machines;
  const telling =
    config.tells && first !== undefined
      ? startTelling(first.told, (line) => process.stdout.write(line), context.clock)
      : undefined;
  const superseded = Promise.all(machines.map(({ ended }) => ended)).then((ends) =>
    ends.includes('left') ? new Promise<void>(() => undefined) : undefined,
  );
  const welcomed = Promise.all(machines.map((machine) => machine.welcomed));
  await within(context.clock, WELCOME_MS, Promise.race([welcomed, superseded]));
  return {
    /** Names the agent for people, by its machines. */
    address: config.tokens.map(machineOf).join(','),
    /** Resolves when other agents have taken the places of all its machines. */
    superseded,
    /** Finishes its tasks, hands back the rest, and says goodbye. */
    leave: async (reason: string): Promise<void> => {
      await Promise.all(machines.map((machine) => machine.leave(reason, config.graceMs)));
      await telling?.stop();
      await context.outboxes.close();
    },
  };
};
