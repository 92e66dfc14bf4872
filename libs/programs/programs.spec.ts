import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { eventually, tempDir, type TempDir } from '#libs/testing/index.ts';
import {
  afterEnd,
  boundOutput,
  createEnder,
  findProgram,
  isFailure,
  isRunning,
  lastLines,
  markedWith,
  ProgramMissing,
  startMarked,
  startProgram,
} from './index.ts';

const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe('findProgram', () => {
  it('says how to get a program that is missing', async () => {
    expect(await thrownBy(findProgram('no-such-program', process.env['PATH'])))
      .to.be.instanceOf(ProgramMissing)
      .with.property('message')
      .that.includes('make setup');
  });
});

describe('a program', () => {
  let dir: TempDir;
  let output: string;
  beforeEach(async () => {
    dir = await tempDir();
    output = join(dir.path, 'output');
  });
  afterEach(() => dir[Symbol.asyncDispose]());
  const run = (script: string) => ({
    argv: ['/bin/sh', '-c', script],
    env: { PATH: '/usr/bin:/bin' },
    output,
  });

  it('says in a file what it says, behind what earlier ones said, and how it ended', async () => {
    for (const word of ['one', 'two']) {
      const { exited } = await startProgram(run(`echo ${word}; exit 3`));
      expect(await exited).to.deep.equal({ code: 3, signal: null });
    }
    expect(await readFile(output, 'utf8')).to.equal('one\ntwo\n');
    expect((await stat(output)).mode & 0o777).to.equal(0o600);
    expect(await lastLines(output, 4)).to.equal('two');
  });

  it('is known by its nonce, with everything that it started, and ended with that', async () => {
    const nonce = 'c0ffee'.padEnd(32, '0');
    const { identity } = await startMarked(run('sleep 100 & setsid sleep 100 & sleep 100'), nonce);
    await eventually(() => expect(markedWith(new Set([nonce])).length).to.equal(4));
    expect(isRunning(identity)).to.equal(true);
    expect(isRunning({ ...identity, startTicks: '1' })).to.equal(false);
    expect(await createEnder(systemClock)([nonce], 0)).to.equal(true);
    expect(markedWith(new Set([nonce]))).to.deep.equal([]);
  });

  it('that is none, or may not be executed, is told by its reason', async () => {
    await writeFile(output, '');
    for (const [program, reason] of [
      ['/no/such/program', 'PROGRAM_MISSING'],
      [output, 'PROGRAM_NOT_EXECUTABLE'],
      [dir.path, 'PROGRAM_NOT_EXECUTABLE'],
    ] as const) {
      expect(await thrownBy(startMarked({ argv: [program], env: {}, output }, 'x'))).to.include({
        reason,
      });
    }
  });

  it('may write more than is kept: the end of it stays', async () => {
    await writeFile(output, 'the end');
    await truncate(output, 5 * 1024 ** 2);
    await writeFile(output, 'the end', { flag: 'a' });
    await boundOutput(output);
    expect((await stat(output)).size).to.equal(0);
    expect((await readFile(`${output}.1`, 'latin1')).endsWith('the end')).to.equal(true);
    expect((await stat(`${output}.1`)).size).to.be.below(1024 ** 2);
  });
});

describe('a restart policy', () => {
  const policy = { pause: { firstMs: 200, longestMs: 1_000 }, steadyMs: 10_000, mostFailures: 5 };

  it('waits longer after each failure, and gives up after the last', () => {
    const pauses = [0, 1, 2, 3, 4, 5].map((failures) => afterEnd(policy, failures));
    expect(pauses).to.deep.equal(
      [200, 200, 400, 800, 1_000].map((pauseMs) => ({ pauseMs })).concat('give-up' as never),
    );
  });

  it('takes an end for a failure that came before the program was ready, or soon after and with a code', () => {
    expect(isFailure(policy, { readyMs: undefined, exitCode: 0 })).to.equal(true);
    expect(isFailure(policy, { readyMs: 1, exitCode: 3 })).to.equal(true);
    expect(isFailure(policy, { readyMs: 1, exitCode: null })).to.equal(true);
    expect(isFailure(policy, { readyMs: 1, exitCode: 0 })).to.equal(false);
    expect(isFailure(policy, { readyMs: 1, exitCode: undefined })).to.equal(false);
    expect(isFailure(policy, { readyMs: 10_000, exitCode: 3 })).to.equal(false);
  });
});
