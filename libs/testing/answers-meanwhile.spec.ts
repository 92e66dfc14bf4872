import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { answersMeanwhile } from './answers-meanwhile.ts';

describe('answersMeanwhile', () => {
  /** A service that stands still while it works, so that whoever calls it then waits. */
  const serviceOf = () => {
    let working: Promise<unknown> = Promise.resolve();
    return {
      call: () => working,
      work: (ms: number) => (working = sleep(ms)),
    };
  };

  it('makes calls until the end of the work, which it repeats until there were enough', async () => {
    const service = serviceOf();
    let rounds = 0;
    const during = async () => {
      rounds += 1;
      await sleep(10);
    };
    const { calls } = await answersMeanwhile(service.call, during, { calls: 20, everyMs: 1 });
    expect(calls).to.be.at.least(20);
    expect(rounds).to.be.greaterThan(1);
  });

  it('fails for a service that stands still', async () => {
    const service = serviceOf();
    const failed = await answersMeanwhile(service.call, () => service.work(2_000), {
      calls: 1,
    }).catch(String);
    expect(failed).to.match(/calls meanwhile.*250 ms are allowed/);
  });

  it('does not count what the machine took, as when this process stands still', async () => {
    const during = async () => {
      await sleep(20);
      const until = performance.now() + 600;
      while (performance.now() < until) {
        // It holds the event loop.
      }
    };
    await answersMeanwhile(serviceOf().call, during, { calls: 1 });
  });

  it('fails with what a call or the work rejects with', async () => {
    const broken = () => Promise.reject(new Error('broken'));
    const fine = () => sleep(5);
    expect(await answersMeanwhile(broken, fine).catch(String)).to.equal('Error: broken');
    expect(await answersMeanwhile(fine, broken).catch(String)).to.equal('Error: broken');
  });
});
