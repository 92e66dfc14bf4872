import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry/index.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { refusalLog } from './refusal-log.ts';

describe('refusalLog', () => {
  const setUp = () => {
    const clock = fakeClock();
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const note = refusalLog(clock, createLogger({ service: 'spec', destination }));
    let written = 0;
    const refuse = (who: string, times: number): void => {
      for (let i = 0; i < times; i += 1) {
        note({ who, reason: 'TOKEN_MISSING', write: () => (written += 1) });
      }
    };
    return { clock, lines, refuse, written: () => written };
  };

  it('writes the first refusals of each caller, and how many more there were', async () => {
    const { clock, lines, refuse, written } = setUp();
    refuse('', 5_000);
    refuse('customer a', 3);
    expect(written()).to.equal(23);
    await clock.advance(10_000);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({ level: 'warn', caller: 'unknown', unlogged: 4_980 });
    refuse('', 1);
    expect(written()).to.equal(24);
  });

  it('keeps nothing of callers beyond a bound but their number', async () => {
    const { clock, lines, refuse, written } = setUp();
    for (let i = 0; i < 3_000; i += 1) {
      refuse(`customer ${i}`, 1);
    }
    expect(written()).to.equal(1_020);
    await clock.advance(10_000);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({ caller: 'others', unlogged: 1_980 });
  });
});
