import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DomainError, status } from '#libs/errors/index.ts';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { HOSTILE, startHostileMesh } from './fixtures/hostile-mesh.ts';
import { runCli, type Said } from './fixtures/test-cli.ts';

/** Every command that prints what a mesh answers. */
const COMMANDS: readonly (readonly string[])[] = [
  ['workloads'],
  ['show', 'w-1'],
  ['show', 'w-1', '--ledger'],
  ['watch', 'w-1'],
  ['stop', 'w-1'],
  ['pause', 'w-1'],
  ['resume', 'w-1'],
  ['retry', 'w-1'],
  ['users-wanted', 'w-1'],
  ['results', 'w-1'],
  ['log', 'w-1', '1'],
  ['why', 'w-1'],
  ['scrub', 'w-1'],
  ['webhook', 'show'],
  ['webhook', 'set', 'http://a'],
  ['webhook', 'test'],
  ['users'],
  ['machines'],
  ['machines', 'show', 'm-1'],
  ['customers'],
  ['customers', 'show', 'ann'],
  ['ports', 'list'],
  ['ports', 'pools'],
  ['ports', 'release', 'l-1'],
  ['ports', 'reconcile'],
  ['visualize', 'list'],
  ['visualize', 'case'],
  ['visualize', 'stop', 'v-1'],
  ['vnc', 'list'],
  ['vnc', 'start', 'web', '10.0.0.1:1'],
  ['compute', 'list'],
  ['compute', 'start'],
  ['compute', 'send', 'c-1', '{}'],
  ['compute', 'log', 'c-1'],
  ['call', 'WorkloadService/GetWorkload', '{}'],
];

describe('what others chose', () => {
  let dir: TempDir;
  const against = async (target: string, argv: readonly string[]): Promise<Said> => {
    const endpoints = { session: target, user: target, port: target, blob: target };
    const context = { endpoints, tokens: { customer: 'c', operator: 'o' }, ca: null };
    await writeFile(join(dir.path, 'context.json'), JSON.stringify(context));
    return runCli([...argv, '--context', 'context.json'], { cwd: dir.path });
  };
  /** Nothing of it steers the terminal or begins a line. */
  const isHarmless = (said: string, argv: readonly string[]): void => {
    const about = `${argv.join(' ')}: ${JSON.stringify(said)}`;
    expect(/[^\P{C}\n]/u.test(said), about).to.equal(false);
    // The lines of a log or of a JSON document are lines.
    const hasLines = ['log', 'send'].some((word) => argv.slice(0, 2).includes(word));
    expect(!hasLines && /^\s*BBB/m.test(said), about).to.equal(false);
  };
  before(async () => {
    dir = await tempDir();
  });
  after(() => dir[Symbol.asyncDispose]());

  it('never steers the terminal, whatever a command prints of it', async () => {
    using mesh = await startHostileMesh();
    let shown = 0;
    for (const argv of COMMANDS) {
      const { stdout, stderr } = await against(mesh.target, argv);
      isHarmless(stdout, argv);
      isHarmless(stderr, argv);
      expect(`${stdout}${stderr}`, argv.join(' ')).not.to.include('UNEXPECTED');
      shown += /AAA(?:\\x|\\u00)1b\[2J\\nBBB\\u202e/.test(`${stdout}${stderr}`) ? 1 : 0;
    }
    expect(shown).to.be.above(20);
  });

  it('is exact with --json', async () => {
    using mesh = await startHostileMesh();
    for (const argv of [['workloads'], ['show', 'w-1'], ['users'], ['why', 'w-1']]) {
      const { stdout } = await against(mesh.target, [...argv, '--json']);
      const texts: unknown[] = [];
      JSON.parse(stdout, (_key, value: unknown) => texts.push(value) && value);
      expect(texts, argv.join(' ')).to.include(HOSTILE);
    }
  });

  it('never steers the terminal in an error either', async () => {
    using mesh = await startHostileMesh(
      () => new DomainError(status.NOT_FOUND, 'GONE', `no workload ${HOSTILE}`),
    );
    for (const argv of COMMANDS) {
      const { code, stdout, stderr } = await against(mesh.target, argv);
      expect([code, stdout], argv.join(' ')).to.deep.equal([5, '']);
      isHarmless(stderr, argv);
      expect(stderr.trimEnd().split('\n'), argv.join(' ')).to.have.lengthOf(1);
    }
    const { stderr } = await against(mesh.target, ['show', 'w-1', '--json']);
    expect(JSON.parse(stderr)).to.have.nested.property('error.message', `no workload ${HOSTILE}`);
  });

  it('never steers the terminal where it is a name on this machine', async () => {
    await writeFile(join(dir.path, HOSTILE), '');
    for (const argv of [
      ['render', HOSTILE],
      ['render', `${HOSTILE}x`],
      ['show', '--context', HOSTILE],
      ['results', 'w-1', '--out', `${HOSTILE}/x`],
      [HOSTILE],
      ['render', '.', '--blend', HOSTILE],
    ]) {
      const { code, stderr } = await runCli(argv, { cwd: dir.path });
      expect(code, argv.join(' ')).to.equal(2);
      isHarmless(stderr, argv);
    }
  });
});
