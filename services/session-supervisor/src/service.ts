import type { RunningServer } from '#libs/grpc/index.ts';
import { serve } from '#libs/service/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { Config } from './config.ts';
import { createContext } from './context.ts';
import { services } from './rpc/index.ts';
import type { SessionDeps } from './session/owner/deps.ts';
import { serveOrphanReports } from './session/agents/orphan-reports.ts';
import { serveWorkloadStanding } from './session/agents/workload-standing.ts';
import { startOwnership } from './session/owner/ownership.ts';
import { startScrubber } from './session/maintenance/scrubber.ts';
import { startNotifier } from './webhooks/notifier.ts';
import { startSweeper } from './session/maintenance/sweeper.ts';

/** Starts the service and adds everything that it opens to `stack`. Tests override parts of the context. */
export const startSupervisor = async (
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<SessionDeps> = {},
): Promise<RunningServer> => {
  const ctx = await createContext(config, logger, stack, overrides);
  const orphans = serveOrphanReports(ctx);
  stack.defer(() => orphans.close());
  const standing = serveWorkloadStanding(ctx);
  stack.defer(() => standing.close());
  const beats = await startOwnership(ctx, ctx.supervisors, ctx.sessions);
  stack.defer(() => beats.stop());
  const notifier = startNotifier(ctx);
  stack.defer(() => notifier.stop());
  const sweeper = startSweeper(ctx);
  stack.defer(() => sweeper.stop());
  const scrubber = startScrubber(ctx);
  stack.defer(() => scrubber.stop());
  return serve({ config: config.server, services: services(ctx), logger, clock: ctx.clock, stack });
};
