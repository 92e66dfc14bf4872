import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { needs, tempDir, type TempDir, renderSpec } from '#libs/testing/index.ts';
import { pixelHashOf, renderDirectly, writeScenes } from '../harness/blender.ts';
import type { Clients } from '../harness/clients.ts';
import { follow } from '../harness/follow.ts';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { uploadObject } from '../harness/uploads.ts';
import { usersUntil } from '../harness/users.ts';
import { resultsOf, start } from '../harness/work.ts';
import type { RenderSpec } from '#libs/contracts/common.ts';

describe('a render whose frames need other tasks, over two agents', function () {
  this.timeout(300_000);
  let dir: TempDir;
  let mesh: Mesh;
  let acme: Clients;
  let objects: Record<string, string>;

  before(needs('blender', 'bwrap'));
  before(async () => {
    dir = await tempDir();
    mesh = await startMesh();
    await Promise.all(['alpha', 'beta'].map((name) => mesh.agent(name, { engines: 'CYCLES' })));
    acme = await mesh.customer('acme');
    const { animated, composited, draped } = await writeScenes(dir.path);
    objects = {
      animated: await uploadObject(acme, 'animated.blend', animated),
      composited: await uploadObject(acme, 'composited.blend', composited),
      draped: await uploadObject(acme, 'draped.blend', draped),
    };
    await usersUntil(mesh.operator, (users) => users.length === 2);
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
  });

  const rendered = async (scene: string, spec: Partial<RenderSpec>) => {
    const objectId = objects[scene] ?? '';
    const id = await start(acme, { render: renderSpec(spec) }, { objectId });
    const workload = await follow(acme, id).over;
    expect(workload.state, workload.reasonMessage).to.equal('WORKLOAD_STATE_COMPLETED');
    const results = (await resultsOf(acme, id)).sort((a, b) => a.frame - b.frame);
    return { workload, results, hashes: results.map(({ pixelHash }) => pixelHash) };
  };
  const direct = async (scene: string, first: number, last: number): Promise<string[]> => {
    const files = await renderDirectly(dir.path, first, last, scene);
    return Promise.all([...files.values()].map((file) => pixelHashOf(file)));
  };

  it('is split into 8 tiles and has exactly the pixels of the whole frame, floats too', async () => {
    const { workload, results, hashes } = await rendered('animated', { frames: '5', tiles: 8 });
    expect(hashes).to.deep.equal(await direct('animated', 5, 5));
    expect(results.map(({ task }) => task)).to.deep.equal(['frames/5']);
    expect(workload).to.include({ total: 1, completed: 1, firstFrame: 5, lastFrame: 5 });
    expect(workload.nodes.map(({ node }) => node)).to.include.members([
      'tile-1',
      'tile-8',
      'frames',
    ]);
    // Who renders a strip does not complete a frame, but has worked.
    expect(workload.shares.map(({ userName }) => userName).sort()).to.deep.equal(['alpha', 'beta']);
    const exr = { frames: '5', format: 'RENDER_FORMAT_OPEN_EXR' } as const;
    const whole = await rendered('animated', exr);
    expect((await rendered('animated', { ...exr, tiles: 8 })).hashes).to.deep.equal(whole.hashes);
  });

  it('is composited once its tiles are together, to exactly the pixels of the whole frame', async () => {
    const { workload, hashes } = await rendered('composited', { frames: '5', tiles: 4 });
    expect(hashes).to.deep.equal(await direct('composited', 5, 5));
    expect(workload.notes).to.deep.equal([]);
  });

  it('is rendered as if nobody spoke of tiles if it is to be split only where that saves time', async () => {
    const { workload, hashes } = await rendered('animated', {
      frames: '5',
      tiles: 2,
      tilesIfSlow: true,
    });
    expect(hashes).to.deep.equal(await direct('animated', 5, 5));
    expect(workload).to.deep.include({ nodes: [], notes: [] });
  });

  it('is rendered whole if its physics is not baked, because strips would not fit together', async () => {
    const { workload } = await rendered('draped', { frames: '3', tiles: 2 });
    expect(workload.notes.map(({ text }) => text).join()).to.contain(
      'not split into tiles: it has physics that is not baked',
    );
  });

  it('uses physics that one machine baked first, in tiles too, as Blender itself bakes it', async () => {
    const expected = await direct('draped-baked', 1, 4);
    expect(new Set(expected).size).to.equal(4);
    const bake = { physics: 'RENDER_PHYSICS_BAKE' } as const;
    const { workload, hashes } = await rendered('draped', bake);
    expect(hashes).to.deep.equal(expected);
    expect(workload.nodes[0]).to.include({ node: 'bake', completed: 1 });
    const split = await rendered('draped', { ...bake, frames: '3', tiles: 2 });
    expect(split.hashes).to.deep.equal(expected.slice(2, 3));
  });

  it('refuses an animation whose physics is not baked, at once and by name', async () => {
    const objectId = objects['draped'] ?? '';
    const id = await start(acme, { render: renderSpec({}) }, { objectId });
    const workload = await follow(acme, id).over;
    expect(workload).to.include({ reason: 'PHYSICS_NOT_BAKED', completed: 0 });
    expect(workload.reasonMessage).to.contain('cloth of Grid');
  });
});
