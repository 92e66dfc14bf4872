import { execFile } from 'node:child_process';
import { join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { makeCachedProject } from '#libs/blend/fixtures/scenes.ts';
import { idsOf, openSource, readBlendFile, trace } from '#libs/blend/index.ts';
import { findProgram } from '#libs/programs/index.ts';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import {
  blenderOptions,
  frameOf,
  openedBy,
  pixelHashOf,
  renderJob,
} from '../../fixtures/blender.ts';
import { layOut } from '../../project/layout.ts';
import { createBlenderEngine } from './blender.ts';

const run = promisify(execFile);
const FRAMES = [4, 1, 3];
const SHOT = 'shots/shot.blend';

describe('movement that lies in caches of Alembic and USD, and in an ocean', function () {
  this.timeout(120_000);
  let dir: TempDir;
  const at = (...names: string[]): string => join(dir.path, ...names);
  before(needs('blender-5.0', 'bwrap'));
  before(async () => {
    dir = await tempDir();
    await makeCachedProject(at('film'));
  });
  after(async () => dir?.[Symbol.asyncDispose]());

  /** The places in the project of the files that the shot needs, as the customer's side finds them. */
  const needed = async (): Promise<string[]> => {
    await using source = await openSource(at('film', SHOT));
    const file = await readBlendFile(source);
    const scenes = [...idsOf(file)].flatMap(([name, id]) => (name.startsWith('SC') ? [id] : []));
    return trace(file, scenes).uses.map(({ path }) => normalize(path.replace('//', 'shots/')));
  };

  it('has the pixels of Blender alone, with nothing but the files that the shot needs', async () => {
    const caches = await needed();
    expect(caches.sort()).to.deep.equal(['caches/shape.abc', 'caches/shape.usdc']);
    const parts = [SHOT, ...caches].map((path) => ({ path, file: at('film', path) }));
    const project = await layOut(at('laid-out'), parts);
    const program = await findProgram('blender-5.0', process.env['PATH']);
    const engine = await createBlenderEngine(await blenderOptions(at('engine'), [program]));
    const job = renderJob(join(project.folder, SHOT), { project, physics: 'refuse' });
    const opened = await openedBy(engine, job);
    const ours: string[] = [];
    for (const frame of FRAMES) {
      ours.push((await frameOf(opened, frame)).pixelHash);
    }
    await opened.close();

    const output = ['--render-output', at('direct_####'), '--frame-start', '1', '--frame-end', '4'];
    await run(program, ['--background', at('film', SHOT), ...output, '--render-anim']);
    const size = { width: 48, height: 48 };
    const direct = await Promise.all(
      FRAMES.map((frame) => pixelHashOf(at(`direct_000${frame}.png`), size)),
    );
    expect(new Set(direct).size).to.equal(FRAMES.length);
    expect(ours).to.deep.equal(direct);
  });
});
