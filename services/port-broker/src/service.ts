import type { RunningServer } from '#libs/grpc/index.ts';
import { serve, type ServerConfig } from '#libs/service/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { createContext, type Context } from './context.ts';
import { services } from './rpc/index.ts';

/** Starts the service; everything that it opens goes into `stack`. Tests override parts of the context. */
export const startPortBroker = async (
  config: ServerConfig,
  logger: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Context> = {},
): Promise<RunningServer> => {
  const context = createContext(overrides);
  return serve({ config, services: services(context), logger, clock: context.clock, stack });
};
