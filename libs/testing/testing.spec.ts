import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import Mocha from 'mocha';
import { eventually, fakeClock, isAlive, needs, startNats, tempDir } from './index.ts';

describe('eventually', () => {
  it('returns the result of the first try that works', async () => {
    let tries = 0;
    const result = await eventually(
      () => {
        tries += 1;
        if (tries < 3) {
          throw new Error('not yet');
        }
        return tries;
      },
      { everyMs: 1 },
    );
    expect(result).to.equal(3);
  });

  it('fails with the error of the last try', async () => {
    const failing = eventually(() => expect(1).to.equal(2), { withinMs: 20, everyMs: 5 });
    const thrown = await failing.catch((error: unknown) => error);
    expect(String(thrown)).to.match(/expected 1 to equal 2.*still so after 20 ms/);
  });
});

describe('fakeClock', () => {
  it('stands still until a test moves it, and fires timers in order, each at its own time', async () => {
    const clock = fakeClock();
    const start = clock.now();
    const fired: [string, number][] = [];
    clock.setTimer(200, () => fired.push(['late', clock.monotonic()]));
    clock.setTimer(100, () => fired.push(['early', clock.now() - start]));
    clock.setTimer(50, () => fired.push(['cancelled', 0])).cancel();
    await clock.advance(99);
    expect(fired).to.deep.equal([]);
    await clock.advance(101);
    expect(fired).to.deep.equal([
      ['early', 100],
      ['late', 200],
    ]);
    expect(clock.pending()).to.equal(0);
  });

  it('runs a loop that sleeps as often as its time comes', async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    let rounds = 0;
    const loop = (async () => {
      while (!stop.signal.aborted) {
        rounds += 1;
        await clock.sleep(1_000, stop.signal);
      }
    })().catch((thrown: unknown) => thrown);
    await clock.advance(10_000);
    expect(rounds).to.equal(11);
    stop.abort(new Error('enough'));
    expect(String(await loop)).to.include('enough');
    expect(clock.pending()).to.equal(0);
  });

  it('measures the same span after a jump of the wall clock', async () => {
    const clock = fakeClock();
    const before = clock.now();
    clock.jump(-3_600_000);
    await clock.advance(10);
    expect([clock.now() - before, clock.monotonic()]).to.deep.equal([10 - 3_600_000, 10]);
  });
});

describe('tempDir', () => {
  it('is removed with everything in it after use', async () => {
    let path: string;
    {
      await using dir = await tempDir();
      ({ path } = dir);
      await writeFile(join(path, 'a'), 'b');
    }
    expect(existsSync(path)).to.equal(false);
  });
});

/** Runs a suite of one test behind the hook. */
const run = async (program: string) => {
  const mocha = new Mocha({ reporter: Mocha.reporters.Base });
  const suite = Mocha.Suite.create(mocha.suite, 'a suite');
  suite.beforeAll(needs(program));
  suite.addTest(new Mocha.Test('a test', () => {}));
  const runner = mocha.run();
  await once(runner, 'end');
  return { suite: suite.title, stats: runner.stats };
};

describe('needs', () => {
  it('skips a suite and names the missing program', async () => {
    const { suite, stats } = await run('no-such-program');
    expect(suite).to.include('no-such-program is not on this machine');
    expect([stats?.passes, stats?.pending]).to.deep.equal([0, 1]);
  });

  it('skips nothing if the program is there', async () => {
    const { suite, stats } = await run('sh');
    expect(suite).to.equal('a suite');
    expect([stats?.passes, stats?.pending]).to.deep.equal([1, 0]);
  });
});

describe('an error of a test whose disposal fails too', () => {
  it('shows as its causes what the test threw, and then what the disposal threw', async () => {
    const failing = async (): Promise<void> => {
      await using broken = {
        [Symbol.asyncDispose]: () => Promise.reject(new Error('cannot be closed')),
      };
      throw new Error(`wrong, with ${typeof broken}`, { cause: new Error('the reason') });
    };
    const causes: string[] = [];
    for (let error: unknown = await failing().catch((thrown: unknown) => thrown); error;) {
      causes.push((error as Error).message);
      error = (error as Error).cause;
    }
    expect(causes.slice(1)).to.deep.equal(['wrong, with object', 'the reason', 'cannot be closed']);
  });
});

describe('a store of a test', () => {
  it('restarts on the same port after a kill, and is removed after use', async () => {
    let pid: number;
    {
      await using nats = await startNats();
      const { port, url } = nats;
      await nats.kill('SIGKILL');
      expect(isAlive(nats.pid)).to.equal(false);
      await nats.restart();
      expect([nats.port, nats.url]).to.deep.equal([port, url]);
      ({ pid } = nats);
      expect(isAlive(pid)).to.equal(true);
    }
    expect(isAlive(pid)).to.equal(false);
  });
});
