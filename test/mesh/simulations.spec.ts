import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { SimulationSpec } from '#libs/contracts/common.ts';
import { eventually, needs, type RunningService, tempDir } from '#libs/testing/index.ts';
import { packCase } from '../../cli/src/simulation/pack.ts';
import type { Clients } from '../harness/clients.ts';
import { follow } from '../harness/follow.ts';
import { uploadObject } from '../harness/uploads.ts';
import { usersUntil } from '../harness/users.ts';
import { named, resultsOf } from '../harness/work.ts';
import { type Mesh, startMesh } from './fixtures/mesh.ts';

const CAVITY = '/usr/share/doc/openfoam-examples/examples/incompressible/icoFoam/cavity/cavity';
const CONTROL = 'system/controlDict';
const NAMES = ['one', 'two'];

/** A cavity that takes some seconds, and writes binary fields, which continue to the bit. */
const slow = Object.entries({
  deltaT: '0.0005',
  endTime: '14',
  writeInterval: '14000',
  writeFormat: 'binary',
}).map(([entry, value]) => ({ file: CONTROL, entry, value }));

describe('a simulation', function () {
  this.timeout(180_000);
  before(needs('blockMesh'));
  let mesh: Mesh;
  let agents: Map<string, RunningService>;
  let acme: Clients;
  let objectId: string;

  before(async () => {
    mesh = await startMesh();
    const started = await Promise.all(
      NAMES.map(
        async (name) => [name, await mesh.agent(name, { engines: 'OPENFOAM_COM' })] as const,
      ),
    );
    agents = new Map(started);
    acme = await mesh.customer('acme');
    await usersUntil(mesh.operator, (users) => users.length === NAMES.length);
    objectId = await handIn(acme);
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const start = async (spec: Partial<SimulationSpec>): Promise<string> => {
    const value = SimulationSpec.fromPartial(spec);
    const { workload } = await acme.workloads.startWorkload({
      objectId,
      spec: { $case: 'simulation', value },
      requestId: '',
      customerId: '',
      queue: false,
    });
    return workload?.workloadId ?? '';
  };
  const solveOf = async (id: string) => {
    const ask = { ...named(id), pageSize: 0, pageToken: '', states: [] };
    const { tasks } = await acme.workloads.listTasks(ask);
    return tasks.find(({ task }) => task === 'solve/0');
  };
  /** The hash of each file of a result, by path. */
  const filesOf = async (id: string, index = 0): Promise<Map<string, string>> => {
    const result = (await resultsOf(acme, id)).find(({ frame }) => frame === index);
    const { blobName = '', grant = Buffer.alloc(0) } = result ?? {};
    const ask = { blobName, grant, pageSize: 1_000, pageToken: '' };
    const { parts } = await acme.blobs.listParts(ask);
    return new Map(parts.map(({ file }) => [file?.path ?? '', file?.sha256 ?? '']));
  };

  it('goes on from its checkpoint where its agent was killed, to the bits of an undisturbed run', async () => {
    const cases = [{ name: 'slow', settings: slow }];
    const quiet = await start({ cases });
    expect((await follow(acme, quiet).over).state).to.equal('WORKLOAD_STATE_COMPLETED');

    const id = await start({
      cases,
      approval: 'APPROVAL_ASK',
      checkpointEvery: { seconds: 10, nanos: 0 },
    });
    const waiting = await eventually(
      async () => {
        const { workload } = await acme.workloads.getWorkload(named(id));
        expect(workload?.state).to.equal('WORKLOAD_STATE_AWAITING_APPROVAL');
        return workload;
      },
      { withinMs: 60_000 },
    );
    expect(waiting?.notes.map(({ text }) => text)).to.deep.equal(['400 cells, mesh OK']);
    const following = follow(acme, id);
    await acme.workloads.approveStep({ ...named(id), step: 'mesh', reason: '', requestId: '' });
    const held = await eventually(
      async () => {
        const task = await solveOf(id);
        expect(Number(task?.checkpoint)).to.be.above(0);
        return task;
      },
      { withinMs: 120_000 },
    );
    const first = held?.userName ?? '';
    await agents.get(first)?.kill('SIGKILL');
    expect((await following.over).state).to.equal('WORKLOAD_STATE_COMPLETED');
    const { attempts } = await acme.workloads.listAttempts({
      ...named(id),
      pageSize: 0,
      pageToken: '',
    });
    const solves = attempts.filter(({ task }) => task === 'solve/0');
    expect(solves.map(({ end }) => end)).to.deep.equal([
      'ATTEMPT_END_LOST',
      'ATTEMPT_END_ACCEPTED',
    ]);
    expect(solves[1]?.reason).to.match(new RegExp(`^went on from [\\d.]+ of ${first}$`));
    const [whole, gone] = [await filesOf(quiet), await filesOf(id)];
    for (const path of ['14/U', '14/p', '14/phi']) {
      expect(whole.get(path), path).to.match(/^[0-9a-f]{64}$/);
      expect(gone.get(path), path).to.equal(whole.get(path));
    }
    await agents.get(first)?.restart();
  });

  it('is a sweep in which one case that diverges stops no other', async () => {
    const deltaT = (value: string) => [{ file: CONTROL, entry: 'deltaT', value }];
    const id = await start({
      cases: [
        { name: 'good', settings: deltaT('0.005') },
        { name: 'bad', settings: deltaT('1') },
        { name: 'fine', settings: deltaT('0.0025') },
      ].map((each) => ({
        ...each,
        settings: [
          ...each.settings,
          { file: CONTROL, entry: 'endTime', value: each.name === 'bad' ? '40' : '0.5' },
        ],
      })),
    });
    const ended = await follow(acme, id).over;
    expect(ended).to.include({ state: 'WORKLOAD_STATE_FAILED', reason: 'CASES_FAILED' });
    expect(ended.reasonMessage).to.match(/^1 of 9 failed: solve\/1; the first: DIVERGED: /);
    // Each case is collected, whatever became of it, and after one attempt.
    expect(await resultsOf(acme, id)).to.have.lengthOf(3);
    expect((await filesOf(id, 0)).has('0.5/U')).to.equal(true);
    const { attempts } = await acme.workloads.listAttempts({
      ...named(id),
      pageSize: 0,
      pageToken: '',
    });
    expect(attempts.filter(({ task }) => task === 'solve/1')).to.have.lengthOf(1);
  });
});

/** Packs the case and makes it an object. */
const handIn = async (clients: Clients): Promise<string> => {
  await using dir = await tempDir();
  const archive = join(dir.path, 'cavity.tar.zst');
  await packCase(CAVITY, archive);
  return uploadObject(clients, 'cavity.tar.zst', await readFile(archive));
};
