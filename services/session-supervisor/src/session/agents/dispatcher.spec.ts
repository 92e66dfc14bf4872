import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseMeshSecret } from '#libs/auth/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import { StartRendering, StartRenderingReply } from '#libs/contracts/user.ts';
import { connectBus } from '#libs/nats/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { eventually, testLog, MESH_SECRET } from '#libs/testing/index.ts';
import { sharedStores } from '#libs/testing/shared-stores.ts';
import { hold } from '../../domain/scheduling/workers.ts';
import { exchange, header, holdsNothing, play, user } from '../../domain/fixtures/workload.ts';
import { createAttemptTokens } from '../../wire/attempt-tokens.ts';
import { createDispatcher } from './dispatcher.ts';

describe('the dispatcher', function () {
  this.timeout(20_000);

  it('sends 200 users 250 tasks each in messages that NATS accepts, and sends unanswered ones again', async () => {
    const { nats } = await sharedStores();
    await using bus = await connectBus({ url: nats.url, name: 'spec', logger: testLog });
    const manager = systemRandom.id('i');
    const game = play({ ...header(100_000), wanted: 200 });
    const ids = Array.from({ length: 200 }, (_, i) => `u-${i}`);
    game.session.planUsers = 1_000;
    game.input(
      exchange(
        ids.map((id) => user(id, { manager })),
        { entitled: 200 },
      ),
    );
    for (const id of ids) {
      game.input(holdsNothing(id));
    }
    const { workers, state } = game.session;
    for (const [i, worker] of [...workers.byId.values()].entries()) {
      for (let task = 0; task < 250; task += 1) {
        const held = {
          ordinal: 400 + i * 250 + task,
          node: 0,
          generation: 0,
          since: 0,
          isStarted: false,
        };
        hold(workers, worker, `7-${i * 250 + task}`, held);
      }
    }
    const dispatcher = createDispatcher({
      workload: 'w-1',
      graph: state.graph,
      workers,
      epoch: 7,
      tokens: createAttemptTokens(parseMeshSecret(MESH_SECRET), 'w-1'),
      inputs: () => [],
      resumes: () => [],
      work: () => ({ kind: undefined, customerId: '' }),
      maySend: () => true,
      bus,
      clock: systemClock,
      logger: testLog,
      onGone: () => undefined,
    });
    // No user-manager listens yet.
    dispatcher.flush();
    await eventually(() => expect(workers.dirty.size).to.equal(0));
    await eventually(() => expect(workers.dirty.size).to.equal(200));
    const got = new Map<string, number>();
    const counters: number[] = [];
    const serving = bus.serve(`muster.user.v1.${manager}.start-rendering`, async (bytes) => {
      for (const { userId, desiredState } of StartRendering.decode(bytes).users) {
        got.set(userId, desiredState?.attempts.length ?? 0);
        counters.push(desiredState?.counter ?? 0);
      }
      return StartRenderingReply.encode({ goneUserIds: [] }).finish();
    });
    await eventually(() => expect(got.size).to.equal(200));
    expect([...got.values()].every((attempts) => attempts >= 250)).to.equal(true);
    expect(new Set(counters).size).to.equal(200);
    dispatcher.close();
    await serving.close();
  });
});
