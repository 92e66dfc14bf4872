import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { load, type Snapshot } from '#libs/journal/index.ts';
import { eventually, testLog } from '#libs/testing/index.ts';
import { withBit } from '../../domain/sets/bitmap.ts';
import type { Entry } from '../../domain/state/entries.ts';
import { everyEntry, header, renderHeader } from '../../domain/fixtures/workload.ts';
import { fold, foldDocument } from '../../domain/state/fold.ts';
import { withValue } from '../../domain/sets/small-int-map.ts';
import { begin, type WorkloadState } from '../../domain/state/workload.ts';
import { openMesh, type TestMesh } from '../../fixtures/mesh.ts';
import { plant } from '../../fixtures/plant.ts';
import { folding } from './folding.ts';
import { createSnapshots } from './snapshots.ts';

const at = { n: 7, at: 1_700_000_000_123 };

describe('snapshots', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh();
  });
  after(() => mesh[Symbol.asyncDispose]());

  /** Writes a state to the database and reads it back. */
  const thawed = async (state: WorkloadState): Promise<WorkloadState> => {
    const workload = `w-${state.position}-${Math.random()}`;
    const { journal } = mesh;
    await journal.writeSnapshot({
      workload,
      n: 1,
      foldVersion: folding.version,
      state: folding.freeze(state),
    });
    const snapshot = await journal.readSnapshot(workload);
    return folding.thaw(snapshot?.state, begin(state.header));
  };

  it('restore a state exactly, after each kind of entry', async () => {
    let state = begin(header(4));
    expect(await thawed(state)).to.deep.equal(state);
    for (const entry of Object.values(everyEntry)) {
      state = fold(state, entry, at);
      expect(await thawed(state), entry.kind).to.deep.equal(state);
    }
    const render = fold(
      begin(renderHeader('1-10,20-40x2')),
      { ...everyEntry.accepted, task: 'frames/22' },
      at,
    );
    expect(await thawed(render)).to.deep.equal(render);
  });

  it('hold a million tasks within a few megabytes', async () => {
    let state = begin(header(1_000_000));
    for (let task = 0; task < 1_000_000; task += 17) {
      const doneBy = withValue(state.doneBy, task, (task % 1_000) + 1);
      state = { ...state, done: withBit(state.done, task), doneBy };
    }
    expect(JSON.stringify(folding.freeze(state)).length).to.be.below(3_000_000);
    expect((await thawed(state)).done.count).to.equal(state.done.count);
  });

  it('are written when a thousandth position is passed, one at a time', async () => {
    const written: number[] = [];
    let gate = Promise.withResolvers<void>();
    const snapshots = createSnapshots({
      store: {
        writeSnapshot: async ({ n }: Snapshot) => {
          written.push(n);
          await gate.promise;
        },
      },
      logger: testLog,
      from: 990,
    });
    const reach = (position: number): void => snapshots.written({ ...begin(header(1)), position });
    for (let position = 991; position <= 3_500; position += 1) {
      reach(position);
    }
    expect(written).to.deep.equal([1_000]);
    gate.resolve();
    await snapshots.close();
    gate = Promise.withResolvers();
    reach(3_501);
    expect(written).to.deep.equal([1_000, 3_501]);
    gate.resolve();
    await snapshots.close();
    reach(3_999);
    expect(written).to.have.lengthOf(2);
  });

  it('are skipped if writing fails, and the next one is tried', async () => {
    let tries = 0;
    const writeSnapshot = async (): Promise<void> => {
      tries += 1;
      throw new Error('too large');
    };
    const snapshots = createSnapshots({ store: { writeSnapshot }, logger: testLog, from: 0 });
    for (const position of [1_000, 1_001, 2_000]) {
      snapshots.written({ ...begin(header(1)), position });
      await snapshots.close();
    }
    expect(tries).to.equal(2);
  });

  it('are written by the owner of a long journal, and fold to the same state as the whole journal', async () => {
    const wanted = (n: number): Entry[] => [{ kind: 'wanted-set', wanted: n }];
    const entries = [
      [everyEntry.started],
      ...Array.from({ length: 996 }, (_, n) => wanted(n % 50)),
      wanted(5),
    ];
    const of = await plant(mesh, { customer: 'long', entries, tasks: 5 });
    await using supervisor = await mesh.start();
    const { workloads } = await mesh.as('customer', 'long', supervisor.address);
    for (let i = 0; i < 5; i += 1) {
      const request = { workloadId: of.id, customerId: '', wanted: 10 + i, requestId: '' };
      await workloads.setUserCount(request, { deadlineMs: 20_000 });
    }
    const snapshot = await eventually(async () => {
      const found = await mesh.journal.readSnapshot(of.id);
      if (found === undefined) {
        throw new Error('no snapshot yet');
      }
      return found;
    });
    expect(snapshot).to.include({ n: 1_000, foldVersion: folding.version });
    const documents = await Array.fromAsync(mesh.journal.read(of.id, 0));
    const upTo = documents.filter(({ n }) => n <= 1_000).reduce(foldDocument, begin(of));
    expect(folding.thaw(snapshot.state, begin(of))).to.deep.equal(upTo);
    const { state } = await load(mesh.journal, of.id, begin(of), folding);
    expect(state).to.deep.equal(documents.reduce(foldDocument, begin(of)));
  });
});
