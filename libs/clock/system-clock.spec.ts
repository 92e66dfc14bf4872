import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock } from './index.ts';

describe('systemClock', () => {
  it('calls a timer once, and not after cancel', async () => {
    const fired: string[] = [];
    const cancelled = systemClock.setTimer(1, () => fired.push('cancelled'));
    cancelled.cancel();
    await new Promise<void>((resolve) => {
      systemClock.setTimer(5, () => {
        fired.push('kept');
        resolve();
      });
    });
    expect(fired).to.deep.equal(['kept']);
  });

  it('keeps a timer of more than 2^31 ms waiting instead of firing at once', async () => {
    let fired = false;
    const timer = systemClock.setTimer(2 ** 40, () => (fired = true));
    await systemClock.sleep(5);
    timer.cancel();
    expect(fired).to.equal(false);
  });

  it('ends a sleep with the reason of the signal, even of one that aborted before', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleeping = systemClock
      .sleep(60_000, controller.signal)
      .catch((thrown: unknown) => thrown);
    controller.abort(reason);
    expect(await sleeping).to.equal(reason);
    expect(
      await systemClock.sleep(60_000, controller.signal).catch((thrown: unknown) => thrown),
    ).to.equal(reason);
  });

  it('measures spans with a clock that does not go back', async () => {
    const before = systemClock.monotonic();
    await systemClock.sleep(2);
    expect(systemClock.monotonic()).to.be.above(before);
  });
});
