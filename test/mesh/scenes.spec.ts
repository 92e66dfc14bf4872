import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { RenderSpec } from '#libs/contracts/common.ts';
import type { Workload } from '#libs/contracts/session.ts';
import { status } from '#libs/errors/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { needs, tempDir, type TempDir, errorOf, renderSpec } from '#libs/testing/index.ts';
import { writeScenes } from '../harness/blender.ts';
import type { Clients } from '../harness/clients.ts';
import { handAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { uploadObject } from '../harness/uploads.ts';
import { ended, named, resultsOf, start } from '../harness/work.ts';

describe('an uploaded scene', function () {
  this.timeout(60_000);
  let dir: TempDir;
  let mesh: Mesh;
  let whole: Buffer;
  let missing: Buffer;
  let acme: Clients;

  before(needs('blender', 'bwrap'));
  before(async () => {
    dir = await tempDir();
    [mesh, { animated: whole, missing }] = await Promise.all([startMesh(), writeScenes(dir.path)]);
    // Two, because the word of one machine ends no workload.
    await Promise.all(['alpha', 'beta'].map((name) => mesh.agent(name, { engines: 'CYCLES' })));
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    acme = await mesh.customer(systemRandom.id('acme'));
  });

  const startWith = async (bytes: Uint8Array, spec: Partial<RenderSpec> = {}): Promise<string> =>
    start(
      acme,
      { render: renderSpec(spec) },
      { objectId: await uploadObject(acme, 'scene.blend', bytes) },
    );
  /** Resolves with the final state of a workload without results. */
  const failed = async (id: string): Promise<Workload> => {
    const workload = await ended(acme, id);
    expect(workload).to.include({ state: 'WORKLOAD_STATE_FAILED', completed: 0 });
    expect(await resultsOf(acme, id)).to.deep.equal([]);
    return workload;
  };

  it('is refused at the upload if it is empty', async () => {
    expect(await errorOf(startWith(Buffer.alloc(0)))).to.include({
      code: status.INVALID_ARGUMENT,
      reason: 'EMPTY_UPLOAD',
    });
  });

  it('is refused at the start if it is a text with the name of a scene', async () => {
    const error = await errorOf(startWith(Buffer.from('BLEND me a drink, please.\n'.repeat(100))));
    expect(error).to.include({ code: status.INVALID_ARGUMENT, reason: 'NOT_A_BLEND_FILE' });
    const { workloads } = await acme.workloads.listWorkloads({
      customerId: '',
      states: [],
      pageSize: 0,
      pageToken: '',
    });
    expect(workloads).to.deep.equal([]);
  });

  it('is refused at the start if its head is cut off', async () => {
    const error = await errorOf(startWith(whole.subarray(0, 20)));
    expect(error).to.include({ code: status.INVALID_ARGUMENT, reason: 'BLEND_FILE_TRUNCATED' });
  });

  it('ends its workload if it is cut off behind its head', async () => {
    const { reason, reasonMessage } = await failed(
      await startWith(whole.subarray(0, whole.length / 2)),
    );
    expect(reason).to.equal('SCENE_UNREADABLE');
    expect(reasonMessage).not.to.equal('');
  });

  it('ends its workload before a frame is done if a picture is missing, and names the picture', async () => {
    const id = await startWith(missing);
    const { reason, reasonMessage } = await failed(id);
    expect(reason).to.equal('MISSING_ASSETS');
    expect(reasonMessage).to.contain('//../earth/world_map.png');
    expect(reasonMessage).to.match(/; (alpha and beta|beta and alpha) say so$/);
    const { tasks } = await acme.workloads.listTasks({
      ...named(id),
      states: [],
      pageSize: 0,
      pageToken: '',
    });
    expect(tasks.filter(({ state }) => state === 'TASK_STATE_FAILED')).to.deep.equal([]);
  });

  it('renders without the picture if that is allowed, and says so', async () => {
    const id = await startWith(missing, { frames: '0-1', samples: 1, allowMissing: true });
    expect(await ended(acme, id)).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 2 });
    for (const { notes } of await resultsOf(acme, id)) {
      expect(notes.join()).to.contain('world_map.png');
    }
  });

  it('is rendered with one version of Blender, also by machines that have several', async () => {
    const machines = await Promise.all(
      ['several', 'several-too'].map((name) =>
        handAgent(
          mesh,
          name,
          1,
          ['77.2.0', '77.1.0'].map((version) => ({
            name: 'BLENDER_WORKBENCH',
            version,
            devices: [],
          })),
        ),
      ),
    );
    await startWith(whole, { frames: '0-1', engine: 'BLENDER_WORKBENCH' });
    for (const machine of machines) {
      // The first message with work names the version already.
      const { work } = await machine.until(() =>
        (machine.desired()?.attempts.length ?? 0) > 0 ? machine.desired() : undefined,
      );
      expect(work?.kind?.$case === 'render' && work.kind.value.version).to.equal('77.1.0');
      machine[Symbol.dispose]();
    }
  });

  it('is rendered by the machine that has Blender, while a machine with only OpenFOAM gets no frame', async () => {
    using stranger = await handAgent(mesh, 'stranger', 1, [
      { name: 'OPENFOAM_COM', version: '2312', devices: [] },
    ]);
    const id = await startWith(whole, { frames: '0-1', samples: 1 });
    expect(await ended(acme, id)).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 2 });
    expect(stranger.desired()).to.equal(undefined);
  });
});
