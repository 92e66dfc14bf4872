import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DomainError, status, unavailable } from '#libs/errors/index.ts';
import { seededRandom } from '#libs/random/index.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { persistently, retryDelayMs } from './patience.ts';

describe('retryDelayMs', () => {
  it('doubles from a quarter of a second up to five, less up to half of it', () => {
    expect([1, 2, 3, 9, 99].map((failures) => retryDelayMs(failures, undefined, 1))).to.deep.equal([
      250, 500, 1_000, 5_000, 5_000,
    ]);
    expect(retryDelayMs(1, undefined, 0)).to.equal(125);
  });

  it('is never shorter than the server asked for', () => {
    expect(retryDelayMs(1, 3_000, 0)).to.equal(3_000);
  });
});

const setUp = () => {
  const clock = fakeClock();
  const outages: string[] = [];
  const controller = new AbortController();
  const options = {
    clock,
    random: seededRandom(1),
    signal: controller.signal,
    patienceMs: 1e4,
    onOutage: (error: Error) => outages.push(error.message),
  };
  return { clock, outages, controller, options };
};

const away = () => unavailable('mongodb', 'mongodb is away');

describe('persistently', () => {
  it('goes on through an outage and tells about it once', async () => {
    const { clock, outages, options } = setUp();
    let tries = 0;
    const result = persistently(options, async () => {
      tries += 1;
      if (tries < 4) {
        throw away();
      }
      return 'there';
    });
    for (let i = 0; i < 10; i += 1) {
      await clock.advance(1_000);
    }
    expect(await result).to.equal('there');
    expect(outages).to.deep.equal(['mongodb is away']);
  });

  it('gives up with the last error when the time is over', async () => {
    const { clock, options } = setUp();
    const result = persistently(options, () => Promise.reject(away())).catch(
      (error: unknown) => error,
    );
    for (let i = 0; i < 20; i += 1) {
      await clock.advance(1_000);
    }
    expect(await result).to.have.property('reason', 'DEPENDENCY_UNAVAILABLE');
  });

  it('does not repeat a call whose error will not pass', async () => {
    const { options } = setUp();
    let tries = 0;
    const refuse = (): Promise<never> => {
      tries += 1;
      return Promise.reject(new DomainError(status.NOT_FOUND, 'NONE', 'none'));
    };
    expect(await persistently(options, refuse).catch((error: unknown) => error)).to.have.property(
      'reason',
      'NONE',
    );
    expect(tries).to.equal(1);
  });
});
