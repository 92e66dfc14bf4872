import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { needs } from '#libs/testing/index.ts';
import { attemptsIn, outside, PROBE } from './fixtures/attempts.ts';
import { startConfined } from './confined-process.ts';
import { isRoot, sandboxOf, starters } from './fixtures/starters.ts';
import { rendererLimits } from './limits.ts';
import { NOBODY } from './profile.ts';
import { makeWorkDir, type Sandbox } from './sandbox.ts';

const MIN_ATTEMPTS = 300;

for (const who of starters) {
  describe(`all that a program in the sandbox must not do, started ${who}`, function () {
    before(needs('bwrap', 'python3'));

    let folder = '';
    let sandbox: Sandbox;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'muster-attempts-'));
      await chmod(folder, 0o755);
      sandbox = await sandboxOf(who, folder);
    });
    after(() => (folder === '' ? undefined : rm(folder, { recursive: true, force: true })));

    /** What of the attempts worked in the sandbox, and how many there were. */
    const tried = async (within: Sandbox): Promise<{ count: number; worked: string[] }> => {
      const workDir = join(folder, 'work');
      await makeWorkDir(within, workDir);
      if (isRoot) {
        await chown(workDir, NOBODY, NOBODY);
      }
      await using around = await outside(folder);
      const box = { workDir, readOnly: [PROBE, around.told], limits: rendererLimits(1024 ** 3, 2) };
      const running = startConfined(
        within,
        box,
        (at) => ['/usr/bin/python3', '-B', at(PROBE), at(around.told)],
        { clock: systemClock },
      );
      await running.exited;
      expect(around.calls()).to.equal(0);
      expect(around.bystander.signalCode).to.equal(null);
      return attemptsIn(running.log());
    };

    it('fails, in 300 attempts and more', async () => {
      const { count, worked } = await tried(sandbox);
      expect(worked).to.deep.equal([]);
      expect(count).to.be.at.least(MIN_ATTEMPTS);
    });

    it('would be noticed: without the filter of system calls, some of it works', async () => {
      const unfiltered = sandbox.kind === 'none' ? sandbox : { ...sandbox, isFiltered: false };
      const { worked } = await tried(unfiltered);
      expect(worked).to.include.members(['call unshare', 'call keyctl', 'call io_uring_setup']);
    });
  });
}
