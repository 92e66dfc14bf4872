import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Outcome, Report } from '#libs/contracts/agent.ts';
import { attemptOf, completedOf } from '../fixtures/agent.ts';
import { createReportSender } from './report-sender.ts';

const report = (id: number, workload = 'w'): Report =>
  completedOf(id, workload, attemptOf('noop/0', `0-${id}`));

const failedWith = (id: number, names: string[]): Report => ({
  ...report(id),
  body: {
    $case: 'failed',
    value: {
      failureClass: 'FAILURE_CLASS_MISSING_ASSETS',
      reason: '',
      seconds: 0,
      logReceipt: undefined,
      names,
    },
  },
});

const start = () => {
  const asked: { workload: string; reports: number; answer: PromiseWithResolvers<Outcome[]> }[] =
    [];
  const delivered: number[] = [];
  const sent: number[] = [];
  const sender = createReportSender({
    ask: (workload, reports) => {
      const answer = Promise.withResolvers<Outcome[]>();
      asked.push({ workload, reports: reports.length, answer });
      return answer.promise;
    },
    deliver: (outcomes) => delivered.push(outcomes.length),
    onSent: (reports) => sent.push(reports.length),
  });
  return { sender, asked, delivered, sent };
};

const turn = () => new Promise(setImmediate);

describe('createReportSender', () => {
  it('makes one request for each workload in a turn', async () => {
    const { sender, asked, sent } = start();
    sender.add([report(1), report(2, 'v')]);
    sender.add([report(3)]);
    await turn();
    expect(asked.map(({ workload, reports }) => [workload, reports])).to.deep.equal([
      ['w', 2],
      ['v', 1],
    ]);
    expect(sent).to.deep.equal([3]);
  });

  it('never sends more than fits into one message', async () => {
    const { sender, asked } = start();
    sender.add(Array.from({ length: 1_100 }, (_, i) => report(i + 1)));
    sender.add(
      Array.from({ length: 4 }, (_, i) =>
        failedWith(
          i + 1,
          Array.from({ length: 100 }, () => 'x'.repeat(1_024)),
        ),
      ),
    );
    await turn();
    expect(asked.map(({ reports }) => reports)).to.deep.equal([500, 500, 100, 1, 1, 1, 1]);
  });

  it('has room below 5,000 undecided reports, and is idle without any', async () => {
    const { sender, asked, delivered } = start();
    expect(sender.room()).to.equal(undefined);
    await sender.idle();
    sender.add(Array.from({ length: 5_000 }, (_, i) => report(i + 1)));
    const room = sender.room();
    expect(room).to.be.instanceOf(Promise);
    await turn();
    asked[0]?.answer.resolve([{ reportId: 1, verdict: 'VERDICT_ACCEPTED', reason: '' }]);
    await room;
    expect(sender.room()).to.equal(undefined);
    expect(delivered).to.deep.equal([1]);
    const idle = sender.idle();
    for (const { answer } of asked.slice(1)) {
      answer.resolve([]);
    }
    await idle;
    expect(delivered).to.deep.equal([1]);
  });
});
