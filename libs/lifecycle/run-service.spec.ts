import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';

const FIXTURE = new URL('./fixtures/run-service.ts', import.meta.url).pathname;
const REGISTER = new URL('../telemetry/register.ts', import.meta.url).pathname;
const GOOD = { MUSTER_LISTEN: '127.0.0.1:7401', MUSTER_PACE: '1s' };

/** A fixture that runs, with what it wrote so far. */
interface Run {
  child: ChildProcess;
  output: () => string;
  says: (text: string) => Promise<void>;
  code: Promise<number | null>;
}

const children: ChildProcess[] = [];

const run = (env: Record<string, string>, args: string[] = []): Run => {
  const command = ['--import', REGISTER, FIXTURE, ...args];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  const closed = once(child, 'close');
  return {
    child,
    output: () => output,
    says: async (text) => {
      while (!output.includes(text)) {
        const more = await Promise.race([
          once(child.stdout, 'data'),
          once(child.stderr, 'data'),
          closed.then(() => 'closed'),
        ]);
        if (more === 'closed' && !output.includes(text)) {
          throw new Error(`it never said ${text}: ${output}`);
        }
      }
    },
    code: closed.then(() => child.exitCode),
  };
};

describe('runService', () => {
  afterEach(() => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
    }
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`drains at ${signal}, closes in reverse order and exits with 0`, async () => {
      const { child, says, output, code } = run(GOOD);
      await says('listening 127.0.0.1:7401');
      child.kill(signal);
      expect(await code).to.equal(0);
      expect(output()).to.match(/draining[^]*drained[^]*closed second[^]*closed first[^]*ended/);
    });
  }

  it('counts two signals within half a second as one request', async () => {
    const { child, says, code } = run(GOOD);
    await says('listening');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await code).to.equal(0);
  });

  it('ends at once, with 1, when asked again later', async () => {
    const { child, says, code } = run({ ...GOOD, BEHAVIOUR: 'hang' });
    await says('listening');
    child.kill('SIGTERM');
    await says('draining');
    const asking = setInterval(() => child.kill('SIGINT'), 100);
    expect(await code).to.equal(1);
    clearInterval(asking);
  });

  it('ends with 1 when the drain takes longer than it may', async () => {
    const { child, says, code } = run({ ...GOOD, BEHAVIOUR: 'hang' });
    await says('listening');
    child.kill('SIGTERM');
    await says('2000 ms have passed');
    expect(await code).to.equal(1);
  });

  it('exits with 0 when it is asked to stop while it starts', async () => {
    const { child, says, code } = run({ ...GOOD, BEHAVIOUR: 'slow-start' });
    await says('starting');
    child.kill('SIGTERM');
    expect(await code).to.equal(0);
  });

  it('closes everything that it opened and exits with 1 when the start fails', async () => {
    const { output, code } = run({ ...GOOD, BEHAVIOUR: 'fail' });
    expect(await code).to.equal(1);
    expect(output()).to.match(/the database does not answer[^]*closed second[^]*closed first/);
  });

  it('names every wrong variable, its own and the service’s, and exits with 2', async () => {
    const { output, code } = run({ MUSTER_LISTEN: 'x', MUSTER_LOG_LEVEL: 'loud' });
    expect(await code).to.equal(2);
    expect(output().trim().split('\n')).to.have.lengthOf(4);
    expect(output()).to.match(
      /^fixture cannot start:\n {2}MUSTER_LISTEN must.*\n {2}MUSTER_PACE must.*\n {2}MUSTER_LOG_LEVEL must/,
    );
  });

  it('takes flags over the environment and refuses one that it does not know', async () => {
    const { child, says, code } = run(GOOD, ['--listen', '[::1]:9', '--log-level=debug']);
    await says('listening [::1]:9');
    child.kill('SIGTERM');
    expect(await code).to.equal(0);
    expect(await run(GOOD, ['--lisen', 'x']).code).to.equal(2);
  });

  for (const behaviour of ['crash', 'reject']) {
    it(`logs an exception that nobody caught and exits with 1 (${behaviour})`, async () => {
      const { output, code } = run({ ...GOOD, BEHAVIOUR: behaviour });
      expect(await code).to.equal(1);
      expect(output()).to.match(/"level":"fatal".*nobody expected this/);
    });
  }

  it('exits with 1 when something could not be closed, after closing the rest', async () => {
    const { child, says, output, code } = run({ ...GOOD, BEHAVIOUR: 'close-fails' });
    await says('listening');
    child.kill('SIGTERM');
    expect(await code).to.equal(1);
    expect(output()).to.match(/closed first[^]*cannot close/);
  });

  it('drains when the process of MUSTER_PARENT_PID is gone, also one that was gone before', async () => {
    const parent = spawn('sleep', ['60']);
    children.push(parent);
    const { says, code } = run({ ...GOOD, MUSTER_PARENT_PID: String(parent.pid) });
    await says('listening');
    parent.kill('SIGKILL');
    expect(await code).to.equal(0);
    expect(await run({ ...GOOD, MUSTER_PARENT_PID: String(parent.pid) }).code).to.equal(0);
  });

  it('says where it is in MUSTER_READY_FILE', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lifecycle-'));
    const file = join(dir, 'ready.json');
    const { child, says, code } = run({ ...GOOD, MUSTER_READY_FILE: file });
    await says('listening');
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.equal({
      pid: child.pid,
      address: '127.0.0.1:7401',
    });
    child.kill('SIGTERM');
    expect(await code).to.equal(0);
    rmSync(dir, { recursive: true });
  });
});
