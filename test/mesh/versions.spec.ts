import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { findProgram } from '#libs/programs/index.ts';
import { eventually, needs, renderSpec, tempDir, type TempDir } from '#libs/testing/index.ts';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { uploadObject } from '../harness/uploads.ts';
import { ended, named, resultsOf, start } from '../harness/work.ts';

const run = promisify(execFile);
const VERSIONS = ['3.4', '4.5', '5.0'] as const;
type Version = (typeof VERSIONS)[number];
/** So many frames that every machine that may render gets one. */
const FRAMES = 8;

/** Saves a scene with the Blender that runs it: `-- PATH`. */
const SCENE = `
import bpy, sys
scene = bpy.context.scene
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = 'CYCLES', 1, False
scene.render.resolution_x, scene.render.resolution_y = 32, 18
scene.frame_start, scene.frame_end = 1, ${FRAMES}
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
`;

describe('a mesh of machines with Blender 3.4, 4.5 and 5.0, and one with all of them', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let mesh: Mesh;
  const programs = {} as Record<Version, string>;
  const scenes = {} as Record<Version, Buffer>;

  before(needs('blender', 'bwrap', 'blender-4.5', 'blender-5.0'));
  before(async () => {
    [dir, mesh] = await Promise.all([tempDir(), startMesh()]);
    const path = process.env['PATH'];
    const script = join(dir.path, 'scene.py');
    await writeFile(script, SCENE);
    await Promise.all(
      VERSIONS.map(async (version) => {
        programs[version] =
          version === '3.4' ? '/usr/bin/blender' : await findProgram(`blender-${version}`, path);
        const file = join(dir.path, `${version}.blend`);
        const plain = ['--background', '--factory-startup', '--python-exit-code', '1'];
        await run(programs[version], [...plain, '--python', script, '--', file]);
        scenes[version] = await readFile(file);
      }),
    );
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
  });

  const enter = (name: string, versions: readonly Version[]) =>
    mesh.agent(name, {
      engines: 'CYCLES',
      env: { MUSTER_AGENT_BLENDER: versions.map((version) => programs[version]).join(':') },
    });

  it('renders each file with one version, told with the work, and opens none with an older one', async () => {
    await Promise.all([enter('with 3.4', ['3.4']), enter('with 4.5', ['4.5'])]);
    const works = await Promise.all(
      VERSIONS.map(async (wrote) => {
        const customer = await mesh.customer(`has-${wrote.replace('.', '-')}`);
        const objectId = await uploadObject(customer, `${wrote}.blend`, scenes[wrote]);
        const id = await start(customer, { render: renderSpec({}) }, { objectId });
        return { wrote, customer, id };
      }),
    );
    const newest = works.at(-1);
    await eventually(async () => {
      const { reasons } =
        (await newest?.customer.workloads.explainWorkload(named(newest.id))) ?? {};
      expect(reasons?.map(({ code }) => code)).to.include('NO_SUITABLE_USER');
    });
    await Promise.all([enter('with 5.0', ['5.0']), enter('with all', VERSIONS)]);

    for (const { wrote, customer, id } of works) {
      const workload = await ended(customer, id);
      expect(workload, wrote).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: FRAMES });
      const { renderVersion, madeWith } = workload;
      const index = VERSIONS.findIndex((version) => renderVersion.startsWith(version));
      expect(index, renderVersion).to.be.at.least(VERSIONS.indexOf(wrote));
      expect(madeWith).to.have.lengthOf(1);
      expect(madeWith[0]).to.deep.include({ results: FRAMES });
      expect(madeWith[0]?.used).to.include({ version: renderVersion, engine: 'CYCLES' });
      const able = [`with ${VERSIONS[index]}`, 'with all'];
      for (const { userName, used } of await resultsOf(customer, id)) {
        expect(able, wrote).to.include(userName);
        expect(used?.version).to.equal(renderVersion);
      }
      const page = { ...named(id), pageSize: 100, pageToken: '' };
      const { attempts } = await customer.workloads.listAttempts(page);
      expect(attempts.map(({ end }) => end)).not.to.include('ATTEMPT_END_FAILED');
    }
  });
});
