import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import { pino } from 'pino';
import sharp from 'sharp';
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { needs } from '#libs/testing/index.ts';
import { findSandbox, type Sandbox } from '#libs/sandbox/index.ts';
import { detectBlender } from './detect.ts';
import { findBlenders } from './find-blender.ts';
import { tryEngine } from './try-engine.ts';

const going = new AbortController().signal;

/** A program in Blender's place of which only CYCLES works. It records each engine that is tried. */
const impostor = `#!/usr/bin/python3
import json, os, shutil, sys
here = os.path.dirname(os.path.abspath(__file__))
if "--version" in sys.argv:
    print("Blender 4.2.1 LTS")
    sys.exit()
ask = json.loads(sys.stdin.readline())
open(os.path.join(here, "tried"), "a").write(ask["engine"] + " ")
answer = {"id": ask["id"], "ok": True, "frame": 1, "seconds": 0, "notes": []}
answer["files"] = [{"name": "1.png", "ending": ".png"}]
if ask["engine"] == "BLENDER_EEVEE":
    sys.exit(11)
if ask["engine"] == "CYCLES":
    shutil.copyfile(os.path.join(here, "picture.png"), os.path.join(ask["folder"], "1.png"))
print("\\x1e" + json.dumps(answer), flush=True)
`;

describe('detectBlender', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-capability-'));
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What the agent logged. */
  const said: string[] = [];
  /** The engines that the impostor was asked for, in order. */
  const tried = (): Promise<string> => readFile(join(folder, 'bin/tried'), 'utf8').catch(() => '');
  const find = (sandbox: Sandbox, blender: string, searchPath = '/usr/bin') =>
    detectBlender(
      'auto',
      {
        settings: { MUSTER_AGENT_BLENDER: blender, MUSTER_AGENT_NO_GPU: true },
        sandbox,
        searchPath,
        folder: join(folder, 'agent'),
        findingsDir: join(folder, 'memory'),
        slots: 1,
        cpus: 1,
        memoryBytes: 2 ** 32,
        clock: systemClock,
        random: systemRandom,
        logger: pino({}, { write: (line: string) => void said.push(line) }),
      },
      going,
    );

  it('says that there is no Blender if there is none', async () => {
    const found = await find({ kind: 'none' }, 'blender', folder);
    expect(found)
      .to.include({ kind: 'missing' })
      .and.have.property('why')
      .that.includes('no Blender');
  });

  describe('with a Blender of which one engine dies and one makes no picture', () => {
    let program: string;
    let working: object;
    beforeEach(async () => {
      await mkdir(join(folder, 'bin'));
      program = join(folder, 'bin/blender');
      working = { program, version: '4.2.1', engines: ['CYCLES'], devices: [] };
      await writeFile(program, impostor);
      await chmod(program, 0o755);
      const noise = { type: 'gaussian', mean: 100, sigma: 50 } as const;
      await sharp({ create: { width: 8, height: 8, channels: 3, noise, background: 'black' } })
        .png()
        .toFile(join(folder, 'bin/picture.png'));
    });

    it('offers the engine that works, and leaves nothing of the trial behind', async () => {
      const found = await find(
        { kind: 'none' },
        'blender',
        `relative:/nowhere:${join(folder, 'bin')}`,
      );
      expect(found).to.deep.equal({
        kind: 'works',
        blenders: [working],
      });
      expect(await readdir(join(folder, 'agent'))).to.deep.equal([]);
    });

    it('remembers its findings for this very file', async () => {
      await find({ kind: 'none' }, program);
      expect(await tried()).to.equal('CYCLES BLENDER_EEVEE BLENDER_WORKBENCH ');
      const again = await find({ kind: 'none' }, program);
      expect(again).to.deep.include({ blenders: [working] });
      expect(await tried()).to.have.length.below(50);
      await utimes(program, 1, 1);
      await find({ kind: 'none' }, program);
      expect((await tried()).match(/CYCLES/g)).to.have.length(2);
    });

    it('says why an engine does not work, again at each start that remembers it', async () => {
      for (let start = 0; start < 2; start += 1) {
        said.length = 0;
        await find({ kind: 'none' }, program);
        const warned = said.map((line) => JSON.parse(line)).filter(({ level }) => level >= 40);
        expect(warned.map(({ engine }) => engine)).to.deep.equal([
          'BLENDER_EEVEE',
          'BLENDER_WORKBENCH',
        ]);
        expect(warned[0].trouble).to.include('exit code 11');
      }
    });

    it('says in the end why none works', async () => {
      await writeFile(program, impostor.replaceAll('"CYCLES"', '"NOTHING"'));
      const found = await find({ kind: 'none' }, program);
      expect(found).to.have.property('why').that.includes(`CYCLES of Blender 4.2.1 (${program})`);
    });

    it('says which of the named ones is none, and goes on with the others', async () => {
      const found = await find({ kind: 'none' }, `/nowhere/blender:${program}`);
      expect(found).to.deep.include({ blenders: [working] });
      expect(said.some((line) => line.includes('/nowhere/blender'))).to.equal(true);
      const none = await find({ kind: 'none' }, '/nowhere/blender');
      expect(none).to.have.property('why').that.includes('/nowhere/blender');
    });

    it('offers each version that it finds once, with its own engines', async () => {
      const other = join(folder, 'other');
      await cp(join(folder, 'bin'), other, { recursive: true });
      await writeFile(join(other, 'blender'), impostor.replace('4.2.1', '5.0.1'));
      await cp(join(folder, 'bin'), join(folder, 'twin'), { recursive: true });
      const all = [program, join(other, 'blender'), join(folder, 'twin/blender')];
      const found = await find({ kind: 'none' }, all.join(':'));
      expect(found).to.deep.include({
        blenders: [
          working,
          { program: join(other, 'blender'), version: '5.0.1', engines: ['CYCLES'], devices: [] },
        ],
      });
    });

    it('tries the engines again if its findings cannot be read', async () => {
      await find({ kind: 'none' }, program);
      const [name = ''] = await readdir(join(folder, 'memory'));
      await writeFile(join(folder, 'memory', name), '{"CYCLES": "perhaps"}');
      const again = await find({ kind: 'none' }, program);
      expect(again).to.deep.include({ blenders: [working] });
    });
  });
});

describe('with the real Blender', function () {
  this.timeout(60_000);
  before(needs('blender', 'bwrap'));

  it('findBlenders reads its version, and tryEngine sees Cycles work in the sandbox', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'muster-capability-'));
    try {
      const {
        found: [blender],
      } = await findBlenders(['blender'], '/usr/local/bin:/usr/bin');
      expect(blender?.version).to.match(/^\d+\.\d+/);
      const sandbox = await findSandbox({ noSandbox: false });
      const options = {
        sandbox,
        folder,
        memoryBytes: 2 ** 32,
        clock: systemClock,
        random: systemRandom,
      };
      expect(await tryEngine(blender?.program ?? '', 'CYCLES', options, going)).to.equal(undefined);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
