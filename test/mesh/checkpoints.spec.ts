import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually, noopSpec, type RunningService } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { follow } from '../harness/follow.ts';
import { usersUntil } from '../harness/users.ts';
import { named, resultsOf, start } from '../harness/work.ts';
import { type Mesh, startMesh } from './fixtures/mesh.ts';

const firstPage = { pageSize: 0, pageToken: '' };
const SLICE_MS = 400;
const NAMES = ['one', 'two'];

describe('a task that makes checkpoints', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let agents: Map<string, RunningService>;
  let acme: Clients;

  before(async () => {
    mesh = await startMesh();
    const started = await Promise.all(
      NAMES.map(async (name) => [name, await mesh.agent(name)] as const),
    );
    agents = new Map(started);
    acme = await mesh.customer('acme');
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  /** One task of six slices. */
  const begin = (resultBytes: number): Promise<string> =>
    start(acme, {
      noop: noopSpec({
        tasks: 0,
        resultBytes,
        nodes: [
          { id: 'solve', tasks: 1, durationMs: 6 * SLICE_MS, checkpointMs: SLICE_MS, after: [] },
        ],
      }),
    });
  /** Who works on it, once the fourth slice has begun. */
  const atSlice4 = (id: string): Promise<string> =>
    eventually(
      async () => {
        const ask = { ...named(id), ...firstPage, states: [] };
        const [task] = (await acme.workloads.listTasks(ask)).tasks;
        expect(Number.parseInt(task?.checkpoint ?? '0', 10)).to.be.at.least(3 * SLICE_MS);
        return task?.userName ?? '';
      },
      { withinMs: 20_000 },
    );
  const attemptsOf = async (id: string) =>
    (await acme.workloads.listAttempts({ ...named(id), ...firstPage })).attempts;

  for (const [what, signal, end] of [
    ['is killed', 'SIGKILL', 'ATTEMPT_END_LOST'],
    ['is asked to end', 'SIGTERM', 'ATTEMPT_END_YIELDED'],
  ] as const) {
    it(`goes on at another machine, from its checkpoint, if its agent ${what}`, async () => {
      await usersUntil(mesh.operator, (users) => users.length === NAMES.length);
      const id = await begin(100);
      const following = follow(acme, id);
      const first = await atSlice4(id);
      await agents.get(first)?.kill(signal);
      const { state } = await following.over;
      expect(state).to.equal('WORKLOAD_STATE_COMPLETED');
      const [result] = await resultsOf(acme, id);
      const [second] = NAMES.filter((name) => name !== first);
      expect(result?.userName).to.equal(second);
      expect(result?.resumed?.userName).to.equal(first);
      expect(Number.parseInt(result?.resumed?.name ?? '', 10)).to.be.at.least(3 * SLICE_MS);
      // What it did itself is less than the whole.
      expect(result?.seconds).to.be.at.most((6 * SLICE_MS) / 1_000);
      const ends = (await attemptsOf(id)).map((each) => [each.userName, each.end]);
      expect(ends).to.deep.equal([
        [first, end],
        [second, 'ATTEMPT_END_ACCEPTED'],
      ]);
      await agents.get(first)?.restart();
    });
  }
});
