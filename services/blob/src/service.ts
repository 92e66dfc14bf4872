import type { RunningServer } from '#libs/grpc/index.ts';
import { serve } from '#libs/service/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { createContext, type Context } from './context.ts';
import { services } from './rpc/index.ts';
import { startSweeper } from './sweeper.ts';

export const startBlob = async (
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Context> = {},
): Promise<RunningServer> => {
  const context = await createContext(config, log, stack, overrides);
  const sweeper = startSweeper(context);
  stack.defer(() => sweeper.stop());
  return serve({
    config: config.server,
    services: services(context),
    logger: log,
    clock: context.clock,
    stands: ({ machine }) => context.standing.machine(machine),
    stack,
  });
};
