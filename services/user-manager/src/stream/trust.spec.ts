import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Outcome, Reports } from '#libs/contracts/agent.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { attemptOf, completedOf, heldOf } from '../fixtures/agent.ts';
import { refusal, refusalOf } from '../fixtures/refusal.ts';
import { createScope } from '../domain/scope.ts';
import { ATTEMPT_EARNS, createAllowances } from './allowances.ts';
import { createTrust } from './trust.ts';

const attempt = attemptOf('noop/0', '0-1');
const FORGER = 'PERMISSION_DENIED TOO_MANY_FORGERIES';

const start = () => {
  const clock = fakeClock();
  const scope = createScope({ named: ['w'], session: null });
  const { said } = createAllowances(() => clock.monotonic()).of('m-1');
  const ended: string[] = [];
  const trust = createTrust({
    scope,
    said,
    deliver: () => undefined,
    end: (error) => ended.push(refusalOf(error)),
    clock,
    signal: new AbortController().signal,
  });
  const value: Reports = {
    reports: Array.from({ length: 990 }, () => completedOf(1, 'w', attempt)),
  };
  const say = () => trust.pay({ $case: 'reports', value }, false);
  return { clock, scope, said, ended, trust, say };
};

describe('an agent’s words', () => {
  it('are read at once until 20,000 are said, and then at the pace of 1,000 a second', async () => {
    const { clock, say } = start();
    for (let i = 0; i < 20; i += 1) {
      await say();
    }
    let isRead = false;
    const reading = say().then(() => (isRead = true));
    await clock.advance(999);
    expect(isRead).to.equal(false);
    await clock.advance(1);
    await reading;
  });

  it('are read at once as long as the mesh hands out tasks, each of which begins and ends', async () => {
    const { said, trust } = start();
    for (let i = 0; i < 50_000; i += 1) {
      said.earn(ATTEMPT_EARNS);
      const value = { reports: [completedOf(1, 'w', attempt)] };
      await trust.pay({ $case: 'reports', value }, false);
      await trust.pay({ $case: 'reports', value }, false);
    }
  });

  it('cost nothing if the mesh asked for them', async () => {
    const { trust } = start();
    const value = heldOf(
      'w',
      Array.from({ length: 10_000 }, () => attempt),
    );
    for (let i = 0; i < 10; i += 1) {
      await trust.pay({ $case: 'held', value }, true);
    }
  });

  it('are read no more after 100 that prove nothing, of whatever kind', async () => {
    const { trust, ended, say } = start();
    const outcome = (reason: string): Outcome => ({
      reportId: 1,
      verdict: 'VERDICT_SETTLED',
      reason,
    });
    trust.judge(Array.from({ length: 98 }, () => outcome('TOKEN_INVALID')));
    trust.judge([outcome('DUPLICATE'), outcome('WORKLOAD_ENDED')]);
    trust.own([completedOf(1, 'w-foreign', attempt)]);
    trust.isAsked('w');
    await say();
    expect(ended).to.deep.equal([]);
    trust.judge([outcome('RECEIPT_INVALID')]);
    expect(await refusal(say())).to.equal(FORGER);
    trust.isAsked('w');
    expect(ended).to.deep.equal([FORGER]);
  });
});
