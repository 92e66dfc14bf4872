import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { needs } from '#libs/testing/index.ts';
import { type Exit, startConfined } from './confined-process.ts';
import { isRoot, sandboxOf, starters } from './fixtures/starters.ts';
import { helperLimits, type Limits } from './limits.ts';
import { NOBODY } from './profile.ts';
import { makeWorkDir } from './sandbox.ts';

const GREEDY = new URL('./fixtures/greedy.py', import.meta.url).pathname;
const MIB = 1024 ** 2;
const limits: Limits = {
  ...helperLimits,
  memoryBytes: 128 * MIB,
  workDirBytes: 64 * MIB,
  fileBytes: 256 * MIB,
  tmpBytes: 256 * MIB,
  processes: 64,
  openFiles: 11_000,
};

/** Each way to take more than one's share, and for what it is ended. */
const WAYS = {
  files_in_memory: ['memory', /^used \d+ MiB of memory, may use 128 MiB$/],
  memory_let_go: ['memory', /^used \d+ MiB of memory/],
  folder_in_memory: ['memory', /^used \d+ MiB of memory/],
  files_without_a_name: ['disk', /^wrote more than 64 MiB to its work folder$/],
  links: ['files', /^made more than 100,000 files in its work folder$/],
  open_files: ['files', /^had [\d,]+ files open, may have fewer than 20,000$/],
  processes: ['processes', /^ran \d+ processes and threads, may run fewer than 64$/],
  threads: ['processes', /^ran \d+ processes and threads/],
} as const;

/** They cost much time, and are counted alike whoever starts them. */
const SLOW = ['links', 'open_files'];

for (const who of starters) {
  const ways = Object.entries(WAYS).filter(([way]) => who === starters[0] || !SLOW.includes(way));
  describe(`a program that takes more than its share, started ${who}`, function () {
    this.timeout(30_000);
    before(needs('bwrap', 'python3'));

    let folder = '';
    const ends = new Map<string, Exit & { log: string }>();
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'muster-greedy-'));
      await chmod(folder, 0o755);
      const sandbox = await sandboxOf(who, folder);
      await Promise.all(
        ways.map(async ([way]) => {
          const workDir = join(folder, way);
          await makeWorkDir(sandbox, workDir);
          if (isRoot) {
            await chown(workDir, NOBODY, NOBODY);
          }
          // Each of many processes counts the libraries that they share.
          const most = way === 'processes' ? { ...limits, memoryBytes: 2048 * MIB } : limits;
          const box = { workDir, readOnly: [GREEDY], limits: most };
          const running = startConfined(
            sandbox,
            box,
            (at) => ['/usr/bin/python3', at(GREEDY), way],
            { clock: systemClock },
          );
          ends.set(way, { ...(await running.exited), log: running.log() });
        }),
      );
    });
    after(() => (folder === '' ? undefined : rm(folder, { recursive: true, force: true })));

    for (const [way, [of, text]] of ways) {
      it(`is ended for ${of}, which says why: ${way.replaceAll('_', ' ')}`, () => {
        const { excess, log } = ends.get(way) ?? {};
        expect(excess?.of, log).to.equal(of);
        expect(excess?.text).to.match(text);
      });
    }
  });
}
