import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Workload } from '#libs/contracts/session.ts';
import { eventually, fakeClock, tempDir } from '#libs/testing/index.ts';
import { testCli } from '../fixtures/test-cli.ts';
import { createOutput } from '../output.ts';
import { notifyEnd } from './notify.ts';

const ended = Workload.fromPartial({
  workloadId: 'w-1',
  state: 'WORKLOAD_STATE_FAILED',
  reason: 'FRAMES_FAILED',
  fileName: '$(touch hacked)`touch hacked`"; touch hacked; "',
  total: 24,
  completed: 23,
  failed: 1,
});

describe('--notify', () => {
  it('runs a command that finds the end in its environment, whatever the file is called', async () => {
    await using dir = await tempDir();
    const { cli, said } = testCli({ cwd: dir.path, env: { home: '', inherited: process.env } });
    const notify = `printf '%s|' "$MUSTER_WORKLOAD" "$MUSTER_STATE" "$MUSTER_COMPLETED" "$MUSTER_FAILED" "$MUSTER_TOTAL" "$MUSTER_SECONDS" "$MUSTER_REASON" "$MUSTER_FILE" > told; ls >> told`;
    await notifyEnd({ cli, output: createOutput(cli, true) }, { notify }, ended, 61.26);
    expect(await readFile(join(dir.path, 'told'), 'utf8')).to.equal(
      `w-1|failed|23|1|24|61.3|FRAMES_FAILED|${ended.fileName}|told\n`,
    );
    expect(said).to.deep.equal({ stdout: '', stderr: '' });
  });

  it('notes a command that fails, and ends one that hangs', async () => {
    await using dir = await tempDir();
    const clock = fakeClock();
    const { cli, said } = testCli({
      cwd: dir.path,
      clock,
      env: { home: '', inherited: process.env },
    });
    const invocation = { cli, output: createOutput(cli, false) };
    await notifyEnd(invocation, { notify: 'exit 3' }, ended, 1);
    expect(said.stderr).to.equal('muster: --notify: the command ended with exit code 3\n');
    const hanging = notifyEnd(invocation, { notify: 'echo $$ > pid; exec sleep 1000' }, ended, 1);
    const pid = await eventually(async () => {
      const text = await readFile(join(dir.path, 'pid'), 'utf8');
      expect(text).to.match(/^\d+\n$/);
      return Number(text);
    });
    await clock.advance(60_000);
    await hanging;
    expect(said.stderr).to.contain('the command was ended after 60 s');
    await eventually(() => expect(() => process.kill(-pid, 0)).to.throw('ESRCH'));
  });
});
