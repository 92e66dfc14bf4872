import type { RunningServer } from '#libs/grpc/index.ts';
import { serve } from '#libs/service/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { createContext } from './context.ts';
import { services } from './rpc/index.ts';

/** Starts the service; everything that it opens goes into `stack`. */
export const startPortBroker = async (
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
): Promise<RunningServer> => {
  const context = await createContext(config, logger, stack);
  return serve({ config: config.server, services: services(context), logger, clock: context.clock, stack });
};
