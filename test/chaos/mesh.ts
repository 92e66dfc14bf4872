import { MongoClient } from 'mongodb';
import type { RunningService } from '#libs/testing/index.ts';
import { startMesh } from '../harness/mesh.ts';
import { watchAppends } from './appends.ts';

const AGENTS = 8;

export type ChaosMesh = Awaited<ReturnType<typeof startChaosMesh>>;

/** A mesh with two replicas of each service, its agents, and a connection to its database that no fault affects. */
export const startChaosMesh = async () => {
  await using opening = new AsyncDisposableStack();
  const mesh = opening.use(await startMesh({ replicas: 2, isProxied: true }));
  const agents: RunningService[] = [];
  for (let i = 1; i <= AGENTS; i += 1) {
    agents.push(await mesh.agent(`agent-${i}`));
  }
  const mongo = await MongoClient.connect(mesh.stores.mongod.url);
  opening.defer(() => mongo.close());
  const appends = watchAppends(mesh.links);
  const opened = opening.move();
  return {
    mesh,
    agents,
    appends,
    db: mongo.db('muster'),
    [Symbol.asyncDispose]: (): Promise<void> => opened.disposeAsync(),
  };
};
