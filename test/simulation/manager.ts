import { silent, testLog } from '#libs/testing/index.ts';
import { contextOf, type Context } from '../../services/user-manager/src/context.ts';
import { connect } from '../../services/user-manager/src/rpc/connect.ts';
import { joinMesh } from '../../services/user-manager/src/service.ts';
import { openCall, type AgentCall, type CallListener } from './call.ts';
import type { Database } from './database.ts';
import type { Network } from './network.ts';
import type { Process, World } from './world.ts';

export type Manager = ReturnType<typeof startManager>;

/** One replica of user-manager: its real streams, matcher, leadership and rounds. */
export const startManager = (world: World, network: Network, database: Database, name: string) => {
  const process = world.process(name);
  const ctx = contextOf(
    {
      bus: network.busOf(process),
      clock: world.clockOf(process),
      random: world.random,
      // Machines are enrolled by the world itself.
      agentTokens: { key: { kty: 'none' }, issuer: '', audience: '' } as never,
      closing: new AbortController().signal,
      events: silent<Context['events']>({
        agentConnected: () => world.count('agents connected'),
        userLost: () => world.count('users lost with their manager'),
        userClaimed: () => world.count('claims'),
        claimLapsed: (_user, why) => world.count(`claims lapsed: ${why}`),
        matcherStarted: () => world.count('matchers'),
        matcherStopped: () => world.count('matchers deposed'),
        managerDead: () => world.count('managers buried'),
      }),
    },
    database.of(process),
  );
  const add = ctx.streams.add.bind(ctx.streams);
  ctx.streams.add = (stream) => {
    const offer = stream.offer.bind(stream);
    stream.offer = (state) => {
      const ruling = offer(state);
      if (ruling !== 'forward') {
        world.count('old states ignored');
      }
      return ruling;
    };
    return add(stream);
  };
  let isReady = false;
  const start = async (): Promise<void> => {
    try {
      await joinMesh(ctx, testLog, new AsyncDisposableStack());
      isReady = true;
    } catch {
      // Without its first beat a replica does not start; another one comes in its place.
      world.kill(process);
    }
  };
  void start();
  const handler = connect(ctx);
  return {
    process,
    /** Opens a stream of a machine's agent; undefined while nobody listens there. */
    connect: (agent: Process, machine: string, listener: CallListener): AgentCall | undefined =>
      isReady && process.isAlive
        ? openCall(world, network, { agent, manager: process, machine, connect: handler, listener })
        : undefined,
  };
};
