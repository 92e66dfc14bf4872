import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it, before } from 'mocha';
import { startProgram } from '#libs/programs/index.ts';
import { attemptsIn, outside, PROBE } from '#libs/sandbox/fixtures/attempts.ts';
import { needs, tempDir } from '#libs/testing/index.ts';
import { findTools, isolated, MAX_PROCESSES } from './isolate.ts';
import { give, NOBODY } from './user.ts';

describe('a program behind a port', () => {
  before(needs('bwrap', 'socat', 'python3'));

  it('fails at all that it must not do, in 300 attempts and more', async function () {
    this.timeout(20_000);
    await using dir = await tempDir();
    const [work, socketDir] = [join(dir.path, 'work'), join(dir.path, 'run')];
    await Promise.all([work, socketDir].map((path) => mkdir(path)));
    await Promise.all([work, socketDir].map((path) => give(path, NOBODY)));
    await chmod(dir.path, 0o755);
    // Few limits are set for it here.
    await using around = await outside(dir.path, [
      'more files',
      'more processes',
      'more addresses',
    ]);
    const readOnly = [PROBE, around.told].map((host, i) => ({ host, inside: `/given/${i}` }));
    const argv = ['/usr/bin/python3', '-B', '/given/0', '/given/1'];
    const box = {
      argv,
      env: {},
      port: 1,
      work: { host: work, inside: '/work' },
      readOnly,
      socketDir,
      limits: { processes: MAX_PROCESSES },
    };
    const output = join(dir.path, 'output');
    const program = {
      argv: isolated(await findTools(NOBODY), box, 'n'),
      env: {},
      output,
      isFiltered: true,
    };
    const { exited } = await startProgram(program);
    await exited;
    const { count, worked } = attemptsIn(await readFile(output, 'utf8'));
    expect(worked).to.deep.equal([]);
    expect(count).to.be.at.least(300);
    expect(around.calls()).to.equal(0);
    expect(around.bystander.signalCode).to.equal(null);
  });
});
