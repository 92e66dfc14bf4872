import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { systemRandom } from '#libs/random/index.ts';
import { needs, tempDir } from '#libs/testing/index.ts';
import { startUp } from './fixtures/muster-up.ts';
import { jsonLines, runCli, type Said } from './fixtures/test-cli.ts';

const CAVITY = '/usr/share/doc/openfoam-examples/examples/incompressible/icoFoam/cavity/cavity';

describe('muster simulate against a whole mesh', function () {
  this.timeout(180_000);
  before(needs('blockMesh'));
  const opened = new AsyncDisposableStack();
  let dir: string;
  let id: string;
  let muster: (...argv: string[]) => Promise<Said>;

  before(async () => {
    ({ path: dir } = opened.use(await tempDir()));
    const data = join(dir, 'mesh');
    const agents = ['--agents', '1', '--engines', 'OPENFOAM_COM'];
    const running = await startUp(data, agents, join(dir, 'up.log'));
    opened.defer(async () => void (await running.stop()));
    const env = { home: '/nonexistent', context: join(data, 'context.json'), inherited: {} };
    muster = (...argv) => runCli(argv, { cwd: dir, env, random: systemRandom });
    await mkdir(join(dir, 'cavity'));
    await cp(CAVITY, join(dir, 'cavity'), { recursive: true });
    const settings = ['--set', 'system/controlDict:endTime=0.1,0.2', '--out', 'all', '--json'];
    const started = await muster('simulate', 'cavity', ...settings);
    expect(started.code, started.stderr).to.equal(0);
    id = String(jsonLines(started.stdout)[0]?.['workload']);
  });
  after(() => opened.disposeAsync());

  /** The files below a folder, by their path in it. */
  const filesIn = async (name: string): Promise<string[]> => {
    const entries = await readdir(join(dir, name), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, name).length + 1))
      .toSorted();
  };
  /** What `results` fetched into a folder. */
  const fetched = async (name: string, ...argv: string[]): Promise<string[]> => {
    const { code, stderr } = await muster('results', id, '--out', name, ...argv);
    expect(code, stderr).to.equal(0);
    return filesIn(name);
  };

  it('delivers the newest time of each case, or only files of some names', async () => {
    const all = await filesIn('all');
    const folders = [...new Set(all.map((path) => path.split('/')[0] ?? ''))];
    expect(folders).to.have.lengthOf(2);
    const [early = '', late = ''] = folders;
    expect(all).to.include.members([`${early}/0.1/U`, `${late}/0.1/U`, `${late}/0.2/U`]);
    expect(await fetched('latest', '--time', 'latest', '--only', 'U,p')).to.deep.equal([
      `${early}/0.1/U`,
      `${early}/0.1/p`,
      `${late}/0.2/U`,
      `${late}/0.2/p`,
    ]);
    const whole = await fetched('whole', '--time', '0.2', '--frames', '1');
    expect(whole).to.include.members([`${late}/0.2/phi`, `${late}/system/controlDict`]);
    expect(whole).not.to.include(`${late}/0.1/U`);
  });

  it('says so when no result has such files, and refuses what is no time', async () => {
    const none = await muster('results', id, '--out', 'none', '--only', 'T');
    expect(none.code).to.equal(1);
    expect(none.stderr).to.include('no result has such files');
    for (const argv of [
      ['--out', 'none', '--time', 'soon'],
      ['--time', 'latest'],
    ]) {
      expect((await muster('results', id, ...argv)).code, argv.join(' ')).to.equal(2);
    }
  });
});
