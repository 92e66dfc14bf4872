import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import sharp from 'sharp';
import { systemRandom } from '#libs/random/index.ts';
import {
  needs,
  tempDir,
  type RunningService,
  type TempDir,
  renderSpec,
} from '#libs/testing/index.ts';
import { pixelHashOf, renderDirectly, writeScenes } from '../harness/blender.ts';
import type { Clients } from '../harness/clients.ts';
import { follow } from '../harness/follow.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { download, uploadObject } from '../harness/uploads.ts';
import { usersUntil } from '../harness/users.ts';
import { named, resultsOf, start } from '../harness/work.ts';

const FRAMES = Array.from({ length: 12 }, (_, frame) => frame);

describe('a render over three agents', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let mesh: Mesh;
  let agents: RunningService[];
  let scene: Buffer;
  /** The pixel hashes of Blender's own pictures, by frame. */
  let expected: Map<number, string>;
  let acme: Clients;
  let object: string;

  before(needs('blender', 'bwrap'));
  before(async () => {
    dir = await tempDir();
    const direct = (async () => {
      ({ animated: scene } = await writeScenes(dir.path));
      const files = [...(await renderDirectly(dir.path, 0, 11))];
      expected = new Map(
        await Promise.all(
          files.map(async ([frame, file]) => [frame, await pixelHashOf(file)] as const),
        ),
      );
    })();
    mesh = await startMesh();
    agents = await Promise.all(
      ['alpha', 'beta', 'gamma'].map((name) => mesh.agent(name, { engines: 'CYCLES' })),
    );
    await direct;
    expect(new Set(expected.values()).size).to.equal(FRAMES.length);
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    acme = await mesh.customer(systemRandom.id('acme'));
    object = await uploadObject(acme, 'animated.blend', scene);
    await usersUntil(mesh.operator, (users) => users.length === 3);
  });

  /** The reported pixel hashes, by frame. */
  const reported = async (id: string): Promise<Map<number, string>> => {
    const results = await resultsOf(acme, id);
    expect(results).to.have.length(FRAMES.length);
    return new Map(
      results.map(({ frame, pixelHash }) => [frame, pixelHash] as const).sort(([a], [b]) => a - b),
    );
  };

  it('yields the pixels that Blender alone yields, from frame 0 on', async () => {
    const id = await start(acme, { render: renderSpec({}) }, { objectId: object });
    const workload = await follow(acme, id).over;
    expect(workload).to.include({
      state: 'WORKLOAD_STATE_COMPLETED',
      firstFrame: 0,
      lastFrame: 11,
      completed: 12,
    });
    expect(workload.blenderVersion).to.match(/^\d+\.\d+$/);
    expect(workload.shares.map(({ userName }) => userName).sort()).to.deep.equal([
      'alpha',
      'beta',
      'gamma',
    ]);
    expect([...(await reported(id))]).to.deep.equal([...expected]);

    const [result] = await resultsOf(acme, id);
    const picture = await download(acme, result!);
    expect(createHash('sha256').update(picture).digest('hex')).to.equal(result!.sha256);
    expect(await pixelHashOf(picture)).to.equal(expected.get(result!.frame));
  });

  it('yields them even if an agent is killed in the middle of a frame', async () => {
    const id = await start(acme, { render: renderSpec({}) }, { objectId: object });
    const following = follow(acme, id);
    await following.until(() => (following.latest()?.completed ?? 0) >= 2, 60_000);
    const { held } = await acme.workloads.getWorkloadProgress({
      ...named(id),
      pageSize: 0,
      pageToken: '',
    });
    const victim = held[0]?.userName ?? '';
    await agents[['alpha', 'beta', 'gamma'].indexOf(victim)]!.kill('SIGKILL');
    expect((await following.over).state).to.equal('WORKLOAD_STATE_COMPLETED');
    expect([...(await reported(id))]).to.deep.equal([...expected]);
    await agents[['alpha', 'beta', 'gamma'].indexOf(victim)]!.restart();
  });

  it('yields JPEG and OpenEXR too, at another size', async () => {
    const jpeg = renderSpec({
      frames: '3',
      scalePercent: 50,
      samples: 1,
      format: 'RENDER_FORMAT_JPEG',
    });
    const first = await start(acme, { render: jpeg }, { objectId: object });
    expect((await follow(acme, first).over).state).to.equal('WORKLOAD_STATE_COMPLETED');
    const [asJpeg] = await resultsOf(acme, first);
    const picture = await download(acme, asJpeg!);
    expect(await sharp(picture).metadata()).to.include({ format: 'jpeg', width: 48, height: 32 });
    expect(await pixelHashOf(picture)).to.equal(asJpeg!.pixelHash);
    expect(asJpeg!.blobName).to.match(/\.jpg$/);

    const exr = renderSpec({
      frames: '3',
      scalePercent: 50,
      samples: 1,
      format: 'RENDER_FORMAT_OPEN_EXR',
    });
    const second = await start(acme, { render: exr }, { objectId: object });
    expect((await follow(acme, second).over).state).to.equal('WORKLOAD_STATE_COMPLETED');
    const [asExr] = await resultsOf(acme, second);
    expect((await download(acme, asExr!)).readUInt32LE(0)).to.equal(0x01312f76);
    expect(asExr!.pixelHash).to.match(/^[0-9a-f]{64}$/);
  });
});
