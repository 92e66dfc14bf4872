import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Outcome, Report } from '#libs/contracts/agent.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { attemptOf, completedOf } from '../fixtures/agent.ts';
import { createAllowance } from '../domain/allowance.ts';
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

const start = ({ served = ['w', 'v'] } = {}) => {
  const clock = fakeClock();
  const over = new AbortController();
  const asked: { workload: string; reports: number; answer: PromiseWithResolvers<Outcome[]> }[] =
    [];
  const delivered: number[] = [];
  const sent: number[] = [];
  const sender = createReportSender({
    isServed: (workload) => served.includes(workload),
    former: createAllowance({ max: 2, perSecond: 10, monotonic: () => clock.monotonic() }),
    clock,
    signal: over.signal,
    ask: (workload, reports) => {
      const answer = Promise.withResolvers<Outcome[]>();
      asked.push({ workload, reports: reports.length, answer });
      return answer.promise;
    },
    deliver: (outcomes) => delivered.push(outcomes.length),
    onSent: (reports) => sent.push(reports.length),
  });
  return { clock, over, sender, asked, delivered, sent };
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

  it('asks about workloads that the agent serves no longer one after another, and about others at once', async () => {
    const { clock, sender, asked } = start({ served: ['w'] });
    sender.add(['a', 'b', 'c', 'd', 'w'].map((workload, i) => report(i + 1, workload)));
    sender.add([report(6, 'd')]);
    await turn();
    const workloads = () => asked.map(({ workload }) => workload);
    expect(workloads()).to.deep.equal(['w', 'a', 'b']);
    await clock.advance(100);
    expect(workloads()).to.deep.equal(['w', 'a', 'b', 'c']);
    await clock.advance(100);
    expect(asked.slice(4)).to.have.length(1);
    expect(asked[4]).to.include({ workload: 'd', reports: 2 });
  });

  it('asks nobody that work began which the agent serves no longer', async () => {
    const { sender, asked } = start({ served: [] });
    sender.add([{ ...report(0, 'a'), body: { $case: 'started', value: {} } }]);
    await sender.idle();
    expect(asked).to.deep.equal([]);
  });

  it('leaves what waits when the stream is over', async () => {
    const { over, sender, asked } = start({ served: [] });
    sender.add(['a', 'b', 'c', 'd'].map((workload, i) => report(i + 1, workload)));
    await turn();
    over.abort();
    for (const { answer } of asked) {
      answer.resolve([]);
    }
    await sender.idle();
    expect(asked).to.have.length(2);
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
