import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { pino } from 'pino';
import { makeScenes } from '#libs/blend/fixtures/scenes.ts';
import { systemClock } from '#libs/clock/index.ts';
import { findProgram } from '#libs/programs/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { makeFakeGpu, needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { running } from '../../../fixtures/agent.ts';
import { renderJob } from '../../../fixtures/blender.ts';
import { findSandbox } from '#libs/sandbox/index.ts';
import type { Outcome } from '../../engine.ts';
import type { Surroundings } from '../../family.ts';
import { blender, createBlenderEngine } from '../blender.ts';
import { type BlenderSettings, detectBlender, type WorkingBlender } from '../detect.ts';
import type { RenderJob } from '../job.ts';

const going = new AbortController().signal;
const NAME = 'NVIDIA GeForce RTX 4090';
const GIB = 2 ** 30;

/* There is no graphics card here: Cycles tells of one, and renders with the processors. */
describe('a Blender whose Cycles tells of a graphics card', function () {
  this.timeout(120_000);
  before(needs('blender', 'bwrap', 'blender-4.5', 'blender-5.0'));

  let dir: TempDir;
  let around: Surroundings<BlenderSettings>;
  let found: WorkingBlender[];
  const said: string[] = [];
  const detect = async (
    settings: Partial<BlenderSettings> = {},
    sandbox = around.sandbox,
  ): Promise<readonly WorkingBlender[]> => {
    said.length = 0;
    const own = { ...around, sandbox, settings: { ...around.settings, ...settings } };
    const detected = await detectBlender(['CYCLES'], own, going);
    return detected.kind === 'works' ? detected.blenders : [];
  };

  before(async () => {
    dir = await tempDir();
    await makeScenes(dir.path);
    const fake = join(dir.path, 'gpu');
    const program = await makeFakeGpu(fake, { name: NAME, memoryBytes: 24 * GIB });
    around = {
      settings: { MUSTER_AGENT_BLENDER: program.blender, MUSTER_AGENT_NO_GPU: false },
      sandbox: await findSandbox({ noSandbox: false }),
      searchPath: `${fake}:/usr/bin`,
      folder: join(dir.path, 'agent'),
      findingsDir: join(dir.path, 'findings'),
      slots: 2,
      cpus: 2,
      memoryBytes: 8 * GIB,
      clock: systemClock,
      random: systemRandom,
      logger: pino({}, { write: (line: string) => void said.push(line) }),
    };
    found = [...(await detect())];
  });
  after(async () => dir?.[Symbol.asyncDispose]());

  const render = async (over: Partial<RenderJob>, blenders = found): Promise<Outcome> => {
    const engine = await createBlenderEngine({ ...around, blenders });
    const opened = await engine.open(renderJob(join(dir.path, 'packed.blend'), over), going);
    if (opened.kind !== 'opened') {
      return opened;
    }
    try {
      return await opened.run({ key: 'frames/3' }, running());
    } finally {
      await opened.close();
    }
  };
  const gpu = { withCpu: false, deviceMemoryBytes: 0 };
  const deviceOf = (outcome: Outcome): unknown =>
    outcome.kind === 'completed' ? outcome.used?.device : outcome;

  it('offers the card with the memory that its driver tells, after a trial that is remembered', async () => {
    const [device] = found[0]?.devices ?? [];
    expect(device).to.deep.include({ backend: 'OPTIX', name: NAME, memoryBytes: 24 * GIB });
    const files = await readdir(around.findingsDir);
    const findings = files.filter((file) => file.startsWith('devices'));
    expect(findings).to.have.length(1);
    const written = () => stat(join(around.findingsDir, findings[0] ?? ''));
    const { mtimeMs } = await written();
    const offered = await blender.detect(['CYCLES'], around, going);
    expect(await written()).to.include({ mtimeMs });
    expect(offered).to.have.property('offers').that.has.length(1);
    expect(offered)
      .to.have.nested.property('offers[0].devices')
      .that.deep.equals([{ backend: 'DEVICE_BACKEND_OPTIX', name: NAME, memoryBytes: 12 * GIB }]);
  });

  it('offers none to those to whom the owner of the machine does not lend it', async () => {
    const [own] = await detect({ MUSTER_AGENT_NO_GPU: true });
    expect(own?.devices).to.deep.equal([]);
  });

  it('says what it rendered with, and takes the card only if the work asks for it', async () => {
    expect(deviceOf(await render({}))).to.equal('CPU');
    expect(deviceOf(await render({ device: gpu }))).to.equal(`OPTIX: ${NAME}`);
    expect(deviceOf(await render({ device: { ...gpu, withCpu: true } }))).to.equal(
      `OPTIX: ${NAME} + CPU`,
    );
  });

  it('says that an engine which only draws takes no card', async () => {
    const drawing = found.map((each) => ({ ...each, engines: ['BLENDER_WORKBENCH' as const] }));
    const outcome = await render({ device: gpu, engine: 'BLENDER_WORKBENCH' }, drawing);
    expect(deviceOf(outcome)).to.equal('OpenGL');
    expect(outcome.kind === 'completed' && outcome.notes.join()).to.contain(
      'BLENDER_WORKBENCH draws with what the machine has',
    );
  });

  it('never renders with the processors in place of a card that is too small, not there, or gone', async () => {
    const none = /can use no graphics card of this machine/;
    for (const [over, blenders, reason] of [
      [{ device: { ...gpu, deviceMemoryBytes: 13 * GIB } }, found, none],
      [{ device: gpu }, found.map((each) => ({ ...each, devices: [] })), none],
      [
        { device: gpu },
        found.map((each) => ({
          ...each,
          devices: each.devices.map((device) => ({ ...device, id: 'CUDA_pulled_0000:02:00' })),
        })),
        /no longer finds the graphics card CUDA_pulled_0000:02:00/,
      ],
    ] as const) {
      const outcome = await render(over, [...blenders]);
      expect(outcome).to.include({ kind: 'failed', failureClass: 'AGENT_ERROR' });
      expect(outcome).to.have.property('reason').that.matches(reason);
    }
  });

  for (const version of ['4.5', '5.0']) {
    it(`works with the card in ${version} too`, async () => {
      const program = await findProgram(`blender-${version}`, '');
      const card = { name: NAME, memoryBytes: 8 * GIB, program };
      const fake = await makeFakeGpu(join(dir.path, version), card);
      const [own] = await detect({ MUSTER_AGENT_BLENDER: fake.blender }, { kind: 'none' });
      expect(own?.version.startsWith(version), said.join('')).to.equal(true);
      expect(
        own?.devices.map(({ name }) => name),
        said.join(''),
      ).to.deep.equal([NAME]);
    });
  }

  it('does not offer a card that fails in its trial, and says why', async () => {
    const broken = join(dir.path, 'broken');
    const { blender: program } = await makeFakeGpu(broken, {
      name: NAME,
      memoryBytes: 8 * GIB,
      isBroken: true,
    });
    const [own] = await detect({ MUSTER_AGENT_BLENDER: program });
    expect(own).to.deep.include({ engines: ['CYCLES'], devices: [] });
    const warned = said.map((line) => JSON.parse(line)).filter(({ level }) => level >= 40);
    expect(warned.map(({ trouble }) => trouble).join()).to.match(
      new RegExp(`^OPTIX of ${NAME}: .*exit code`),
    );
  });
});
