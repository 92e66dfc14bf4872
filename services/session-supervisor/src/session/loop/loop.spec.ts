import { expect } from 'chai';
import { BSON } from 'mongodb';
import { describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import type { Effect } from '../../domain/decisions/decision.ts';
import type { Entry } from '../../domain/state/entries.ts';
import { completed, everyEntry, failed, reports } from '../../domain/fixtures/workload.ts';
import type { Input } from '../../domain/decisions/inputs.ts';
import { openLoop, type TestLoop } from '../../fixtures/loop.ts';

/** A good result of a task, from a user that need not hold the task. */
const result = (task: number, ticket = task): Input =>
  ({
    ...reports('u9', [completed(`0-${task + 100}`, task)]),
    ticket,
  }) as Input;

const stop: Input = {
  kind: 'command',
  ticket: 77,
  command: { kind: 'stop', deleteResults: false },
};

const outcomesOf = (performed: readonly Effect[]): unknown[] =>
  performed.flatMap((effect) =>
    effect.kind === 'outcomes'
      ? effect.outcomes.map(({ verdict, reason }) => [effect.ticket, verdict, reason])
      : [],
  );

const kindsOf = (entries: readonly Entry[] | undefined): string[] =>
  (entries ?? []).map(({ kind }) => kind);

/** Resolves when the journal has the position, even if the loop does not know it yet. */
const durable = (test: TestLoop, n: number): Promise<unknown> =>
  eventually(async () => expect(await test.journal.find('w-1', n)).to.not.equal(undefined));

describe('the session loop', function () {
  this.timeout(30_000);

  it('writes decisions and performs their effects, in order', async () => {
    await using test = await openLoop({ users: ['u1'] });
    test.loop.submit(result(3));
    await eventually(() => expect(outcomesOf(test.performed)).to.deep.equal([[3, 'ACCEPTED', '']]));
    const [first, second] = await test.documents();
    expect(first).to.deep.include({ n: 1, by: 'i-1', workload: 'w-1' });
    expect(kindsOf(first?.entries)).to.deep.equal(['started']);
    expect(second).to.deep.include({ n: 2, accepted: ['noop/3/0'] });
    expect(test.loop.durable()).to.include({ position: 2, phase: 'running' });
  });

  it('performs no effect while an insert is unanswered, not even effects without an entry', async () => {
    await using test = await openLoop({ users: ['u1'] });
    test.performed.length = 0;
    test.proxy.hold('replies');
    test.loop.submit(result(3, 1));
    await durable(test, 2);
    // A second result of the task is decided on the tip, which has the first already.
    test.loop.submit({ ...result(3, 2) });
    test.loop.submit(result(4, 3));
    test.loop.submit(stop);
    test.loop.submit(result(5, 4));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(test.performed).to.deep.equal([]);
    expect(test.loop.durable().position).to.equal(1);
    test.proxy.heal();
    await eventually(() => expect(test.performed.map(({ kind }) => kind)).to.include('answer'));
    expect(outcomesOf(test.performed)).to.deep.equal([
      [1, 'ACCEPTED', ''],
      [2, 'SETTLED', 'DUPLICATE'],
      [3, 'ACCEPTED', ''],
      [4, 'SETTLED', 'WORKLOAD_ENDED'],
    ]);
    const documents = await test.documents();
    expect(documents.map(({ entries }) => kindsOf(entries))).to.deep.equal([
      ['started'],
      ['accepted'],
      ['accepted', 'stopped'],
    ]);
  });

  it('hands out at once, before the entries are durable', async () => {
    await using test = await openLoop({ users: ['u1'], tasks: 100 });
    test.proxy.hold('replies');
    const [[attempt, task] = ['', 0]] = test.held('u1');
    const before = test.workers.attemptCounter;
    test.loop.submit(reports('u1', [completed(attempt, task)]));
    expect(test.workers.attemptCounter).to.be.above(before);
    test.proxy.heal();
  });

  it('finds out the outcome of an append whose answer was lost, and writes and performs once', async () => {
    await using test = await openLoop({ users: ['u1'] });
    test.proxy.hold('replies');
    test.loop.submit(result(3));
    await durable(test, 2);
    test.proxy.cut();
    await eventually(() => expect(test.unknown.length).to.be.above(0), { withinMs: 10_000 });
    test.proxy.heal();
    await eventually(
      () => expect(outcomesOf(test.performed)).to.deep.equal([[3, 'ACCEPTED', '']]),
      {
        withinMs: 10_000,
      },
    );
    expect(await test.documents()).to.have.lengthOf(2);
  });

  describe('refused', () => {
    /** A loop whose insert at position 2 is in flight while another writer writes that position. */
    const refused = async (
      entries: Entry[],
      inputs: Input[],
      accepted?: string[],
    ): Promise<TestLoop> => {
      const test = await openLoop({ users: ['u1'] });
      test.performed.length = 0;
      test.proxy.hold('requests');
      for (const input of inputs) {
        test.loop.submit(input);
      }
      await test.intrude(2, entries, accepted);
      test.proxy.heal();
      return test;
    };

    it('by a take-over, it lets go, performs nothing and names the waiting inputs', async () => {
      const inputs = [result(3), stop, result(4)];
      await using test = await refused([everyEntry['taken-over']], inputs);
      await eventually(() => expect(test.ends).to.have.lengthOf(1));
      expect(test.ends[0]?.end).to.deep.equal({ kind: 'taken-over', by: 'i-2' });
      expect(test.ends[0]?.unanswered).to.deep.equal(inputs);
      expect(test.performed).to.deep.equal([]);
      expect(test.loop.submit(result(5))).to.equal(false);
      expect(await test.documents()).to.have.lengthOf(2);
    });

    it('by another entry, it decides its inputs again on the new state', async () => {
      const theirs = { ...everyEntry.accepted, task: 'noop/3' };
      await using test = await refused([theirs], [result(3, 1), result(4, 2)], ['noop/3/0']);
      await eventually(() =>
        expect(outcomesOf(test.performed)).to.deep.equal([
          [1, 'SETTLED', 'DUPLICATE'],
          [2, 'ACCEPTED', ''],
        ]),
      );
      const documents = await test.documents();
      expect(documents.map(({ n, by, accepted }) => [n, by, accepted])).to.deep.equal([
        [1, 'i-1', undefined],
        [2, 'i-2', ['noop/3/0']],
        [3, 'i-1', ['noop/4/0']],
      ]);
      expect(test.ends).to.deep.equal([]);
    });

    it('by an end, it accepts no more results', async () => {
      await using test = await refused([everyEntry.stopped], [result(3)]);
      await eventually(() =>
        expect(outcomesOf(test.performed)).to.deep.equal([[3, 'SETTLED', 'WORKLOAD_ENDED']]),
      );
      expect(await test.documents()).to.have.lengthOf(2);
    });
  });

  it('halts when the journal has a result that the fold does not know', async () => {
    await using test = await openLoop({ users: ['u1'] });
    test.performed.length = 0;
    await test.intrude(9, [everyEntry.started], ['noop/3/0']);
    test.loop.submit(result(3));
    await eventually(() => expect(test.ends).to.have.lengthOf(1));
    expect(test.ends[0]).to.deep.equal({
      end: { kind: 'conflict', accepted: ['noop/3/0'] },
      unanswered: [result(3)],
    });
    expect(test.performed).to.deep.equal([]);
  });

  it('performs nothing after it is abandoned, and names the waiting inputs', async () => {
    await using test = await openLoop({ users: ['u1'] });
    test.performed.length = 0;
    test.proxy.hold('replies');
    test.loop.submit(result(3));
    test.loop.submit(result(4));
    await durable(test, 2);
    expect(test.loop.abandon()).to.deep.equal([result(3), result(4)]);
    test.proxy.heal();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(test.performed).to.deep.equal([]);
    expect(await test.documents()).to.have.lengthOf(2);
  });

  it('writes no more than 500 entries at a time', async () => {
    await using test = await openLoop({ tasks: 3_000 });
    test.proxy.hold('requests');
    for (let task = 0; task < 3_000; task += 3) {
      const three = [task, task + 1, task + 2].map((each) => completed(`0-${each}`, each));
      expect(test.loop.submit(reports('u9', three))).to.equal(true);
    }
    test.proxy.heal();
    await eventually(() =>
      expect(test.performed.filter(({ kind }) => kind === 'outcomes')).to.have.lengthOf(1_000),
    );
    const sizes = (await test.documents()).map(({ entries }) => entries.length);
    expect(Math.max(...sizes)).to.be.within(490, 500);
    expect(sizes).to.have.lengthOf(8);
  });

  it('writes no more than 4 MiB at a time', async () => {
    await using test = await openLoop({ tasks: 100 });
    const names = Array.from({ length: 100 }, () => '漢'.repeat(1_000));
    test.proxy.hold('requests');
    for (let task = 0; task < 50; task += 1) {
      const report = failed(`0-${task}`, task);
      const body = { ...report.body, failureClass: 'AGENT_ERROR', names } as never;
      expect(test.loop.submit(reports('u9', [{ ...report, body }]))).to.equal(true);
    }
    test.proxy.heal();
    await eventually(() =>
      expect(test.performed.filter(({ kind }) => kind === 'outcomes')).to.have.lengthOf(50),
    );
    const bytes = (await test.documents()).map((document) => BSON.calculateObjectSize(document));
    expect(Math.max(...bytes)).to.be.within(2_000_000, 4 * 1_024 * 1_024);
  });

  describe('while no write returns', () => {
    const never = { store: { insert: () => new Promise<never>(() => undefined) } };

    it('takes 10,000 inputs and no more, decided or not', async () => {
      await using test = await openLoop({ ...never, tasks: 1_000 });
      const started = { ...completed('0-1', 1), reportId: 0, body: { kind: 'started' } as const };
      let taken = 0;
      while (
        taken < 20_000 &&
        test.loop.submit(taken % 2 === 0 ? result(taken % 1_000) : reports('u9', [started]))
      ) {
        taken += 1;
      }
      expect(taken).to.equal(10_000);
      expect(test.loop.submit(stop)).to.equal(false);
    });

    it('takes 16 MiB of inputs and no more', async () => {
      await using test = await openLoop({ ...never, tasks: 1_000 });
      const names = Array.from({ length: 100 }, () => 'x'.repeat(1_000));
      const bytes = names.join('').length;
      let taken = 0;
      for (; taken < 1_000; taken += 1) {
        const report = failed(`0-${taken}`, taken);
        const body = { ...report.body, failureClass: 'AGENT_ERROR', names } as never;
        if (!test.loop.submit(reports('u9', [{ ...report, body }]))) {
          break;
        }
      }
      expect(taken * bytes).to.be.within(4_000_000, 16 * 1_024 * 1_024);
    });
  });
});
