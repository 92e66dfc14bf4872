import { systemClock, type Clock } from '#libs/clock/index.ts';
import type { RunningServer } from '#libs/grpc/index.ts';
import { serve } from '#libs/service/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { createContext } from './context.ts';
import { services } from './rpc/index.ts';

/** Larger than the largest command, because the handler refuses that with a better message than the transport. */
const MAX_REQUEST_BYTES = 32 * 1024 ** 2;
/** A command may take 300 s, and programs a minute to start. */
const MAX_CALL_MS = 330_000;

/** Starts the service; everything that it opens goes into `stack`. */
export const startPortBroker = async (
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
  clock: Clock = systemClock,
): Promise<RunningServer> => {
  const context = await createContext(config, logger, stack, clock);
  const { server } = config;
  const bounds = { maxReceiveBytes: MAX_REQUEST_BYTES, unaryDeadlineMs: MAX_CALL_MS };
  const running = await serve({
    config: server,
    services: services(context),
    logger,
    clock,
    stack,
    ...bounds,
  });
  context.hosts.announce(config.announce ?? running.address);
  return running;
};
