import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { RenderSpec } from '#libs/contracts/common.ts';
import {
  eventually,
  makeFakeGpu,
  needs,
  tempDir,
  type TempDir,
  renderSpec,
} from '#libs/testing/index.ts';
import { writeScenes } from '../harness/blender.ts';
import type { Clients } from '../harness/clients.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { uploadObject } from '../harness/uploads.ts';
import { ended, resultsOf, start } from '../harness/work.ts';

const NAME = 'NVIDIA GeForce RTX 4090';
const GIB = 2 ** 30;

/* The card is not there: Cycles tells of one, and renders with the processors. */
describe('work for a graphics card', function () {
  this.timeout(90_000);
  let dir: TempDir;
  let mesh: Mesh;
  let scene: Buffer;
  let acme: Clients;

  before(needs('blender', 'bwrap'));
  before(async () => {
    dir = await tempDir();
    [mesh, { animated: scene }] = await Promise.all([startMesh(), writeScenes(dir.path)]);
    acme = await mesh.customer('acme');
    await mesh.agent('plain', { engines: 'CYCLES', env: { MUSTER_AGENT_NO_GPU: '1' } });
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
  });

  const startWith = async (spec: Partial<RenderSpec>): Promise<string> =>
    start(
      acme,
      { render: renderSpec({ frames: '0-1', samples: 1, device: 'RENDER_DEVICE_GPU', ...spec }) },
      { objectId: await uploadObject(acme, 'scene.blend', scene) },
    );
  const waitsFor = (workloadId: string, words: string): Promise<void> =>
    eventually(async () => {
      const ask = { workloadId, customerId: '' };
      const { reasons } = await acme.workloads.explainWorkload(ask);
      expect(reasons.map(({ message }) => message).join()).to.contain(words);
    });
  const stop = (workloadId: string) =>
    acme.workloads.stopAndDeleteWorkload({
      workloadId,
      customerId: '',
      deleteResults: false,
      requestId: '',
    });

  it('waits and says what it waits for until a machine has one, which alone renders it and says so', async () => {
    const id = await startWith({});
    await waitsFor(id, 'the only connected user does not have Blender 3.4 or later and a GPU that');
    const fake = join(dir.path, 'gpu');
    const { blender } = await makeFakeGpu(fake, { name: NAME, memoryBytes: 8 * GIB });
    await mesh.agent('studio', {
      engines: 'CYCLES',
      env: { MUSTER_AGENT_BLENDER: blender, PATH: `${fake}:${process.env['PATH']}` },
    });
    expect(await ended(acme, id)).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 2 });
    for (const { userName, used } of await resultsOf(acme, id)) {
      expect({ userName, used }).to.deep.equal({
        userName: 'studio',
        used: { engine: 'CYCLES', version: '3.4.1', device: `OPTIX: ${NAME}` },
      });
    }
    const { users } = await mesh.operator.users.listUsers({
      workloadId: '',
      pageSize: 0,
      pageToken: '',
    });
    const devices = users.map(({ name, capability }) => [name, capability?.engines[0]?.devices]);
    expect(Object.fromEntries(devices)).to.deep.equal({
      plain: [],
      studio: [{ backend: 'DEVICE_BACKEND_OPTIX', name: NAME, memoryBytes: 8 * GIB }],
    });
  });

  it('waits for a card with the memory that it asks for', async () => {
    const id = await startWith({ deviceMemoryBytes: 12 * GIB });
    await waitsFor(id, 'a GPU with 12 GiB of memory that Cycles can use');
    await stop(id);
  });
});
