import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fakeClock } from '#libs/testing/index.ts';
import { type WaitReason, watchWaiting } from './waiting.ts';

const NOBODY = { code: 'NO_USER_CONNECTED', message: 'no user is connected' };
const PAUSED = { code: 'PAUSED', message: 'it paused itself' };

const watched = (atMostMs?: number) => {
  const clock = fakeClock();
  const told: string[] = [];
  const state = { reasons: [NOBODY] as WaitReason[], isActive: false, tooLong: '' };
  const watching = watchWaiting({
    clock,
    workloadId: 'w-1',
    explain: async () => state.reasons,
    isActive: () => state.isActive,
    tell: ({ message }) => void told.push(message),
    atMostMs,
    onTooLong: ({ message }) => void (state.tooLong = message),
  });
  return { clock, told, state, watching };
};

describe('watchWaiting', () => {
  it('tells why nobody works within 10 s, and again when the reason changes', async () => {
    const { clock, told, state, watching } = watched();
    await clock.advance(10_000);
    expect(told).to.deep.equal([NOBODY.message]);
    state.reasons = [{ code: 'NOT_WAITING', message: 'x' }, PAUSED, NOBODY];
    await clock.advance(10_000);
    expect(told).to.deep.equal([NOBODY.message, PAUSED.message]);
    expect(state.tooLong).to.equal('');
    await watching.stop();
  });

  it('says it anew after somebody worked meanwhile', async () => {
    const { clock, told, state, watching } = watched();
    await clock.advance(10_000);
    state.isActive = true;
    await clock.advance(20_000);
    expect(told).to.have.length(1);
    state.isActive = false;
    await clock.advance(10_000);
    expect(told).to.deep.equal([NOBODY.message, NOBODY.message]);
    await watching.stop();
  });

  it('gives up after the time that it may wait, with the reason', async () => {
    const { clock, state, watching } = watched(60_000);
    await clock.advance(50_000);
    expect(state.tooLong).to.equal('');
    await clock.advance(20_000);
    expect(state.tooLong).to.include(NOBODY.message).and.to.include('to end it: muster stop w-1');
    await watching.stop();
  });
});
