import type { RunningServer } from '#libs/grpc/index.ts';
import { startBeats } from '#libs/mongo/index.ts';
import { serve } from '#libs/service/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { listenForChanges } from './bus/announce.ts';
import { serveLooked } from './bus/looked.ts';
import { serveMachineStanding } from './bus/machine-standing.ts';
import { serveManager } from './bus/serve-manager.ts';
import type { Config } from './config.ts';
import { createContext, type Context } from './context.ts';
import { createLeadership } from './matching/leadership.ts';
import { onEachBeat } from './peers/rounds.ts';
import { services } from './rpc/index.ts';

/** All agents of a big site may come through one proxy, on one connection. */
const MAX_STREAMS_PER_CONNECTION = 10_000;
/** The longest that the start waits for MongoDB to answer once more. */
const FIRST_ROUND_MS = 3_000;

/** Takes part in the mesh, until the stack is disposed of: everything but what is served over gRPC. */
export const joinMesh = async (
  ctx: Context,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<void> => {
  const servings = [
    listenForChanges(ctx.bus, ctx.roster),
    serveLooked(ctx),
    serveMachineStanding(ctx),
    ...serveManager(ctx),
  ];
  servings.forEach((serving) => stack.defer(() => serving.close()));
  stack.defer(
    ctx.roster.onChange((user) => {
      const stream = ctx.streams.get(user.id);
      if (stream?.id.connectionId === user.connection) {
        stream?.learn(user);
      }
    }),
  );
  await Promise.all(servings.map((serving) => serving.ready()));
  const leadership = createLeadership(ctx);
  const round = onEachBeat(ctx, leadership);
  const firstRound = Promise.withResolvers<void>();
  // The beat is there before the first stream, or others would take its users for lost.
  const beats = await startBeats({
    collection: ctx.beats,
    instance: ctx.instance,
    clock: ctx.clock,
    logger: log,
    onRound: (peers) => round(peers).finally(firstRound.resolve),
  });
  stack.defer(async () => {
    await beats.stop();
    await leadership.resign();
  });
  // A mesh of one is ready to match when it says that it is ready.
  const timer = ctx.clock.setTimer(FIRST_ROUND_MS, firstRound.resolve);
  await firstRound.promise;
  timer.cancel();
};

export const startUserManager = async (
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
  overrides: Partial<Context> = {},
): Promise<RunningServer> => {
  const ctx = await createContext(config, log, stack, overrides);
  await joinMesh(ctx, log, stack);
  return serve({
    config: config.server,
    services: services(ctx),
    logger: log,
    clock: ctx.clock,
    stack,
    maxStreamsPerConnection: MAX_STREAMS_PER_CONNECTION,
  });
};
