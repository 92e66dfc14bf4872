import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fakeClock } from '#libs/testing/index.ts';
import { refusalOf } from '../fixtures/refusal.ts';
import type { ConnectedUser } from '../domain/user.ts';
import { createAllowances } from './allowances.ts';
import { createAgentStream } from './agent-stream.ts';
import { superseded } from './errors.ts';

const start = () => {
  const clock = fakeClock();
  const aborted: string[] = [];
  const user: ConnectedUser = {
    id: 'm-1',
    name: 'a',
    manager: 'i-1',
    connection: 'c-1',
    session: null,
    claim: 0,
    version: 1,
    slots: 1,
    capability: { cpus: 1, memoryBytes: 0, engines: [], sandbox: 'SANDBOX_LEVEL_NONE' },
    agentVersion: '',
    owner: '',
    goodLooks: 0,
    connectedAtMs: 0,
    drain: 'none',
  };
  const { said } = createAllowances(() => clock.monotonic()).of(user.id);
  const stream = createAgentStream({
    user,
    named: [],
    said,
    clock,
    abort: (error) => aborted.push(refusalOf(error)),
  });
  return { clock, stream, aborted, user };
};

const TOO_SLOW = 'RESOURCE_EXHAUSTED READER_TOO_SLOW';
const outcome = { reportId: 1, verdict: 'VERDICT_ACCEPTED' as const, reason: 'x'.repeat(1_000) };

describe('createAgentStream', () => {
  it('gives up an agent that leaves more than 8 MiB unread', () => {
    const { stream, aborted } = start();
    stream.deliver(Array.from({ length: 3_000 }, () => outcome));
    expect(aborted).to.deep.equal([]);
    stream.deliver(Array.from({ length: 3_000 }, () => outcome));
    expect(aborted).to.deep.equal([TOO_SLOW]);
  });

  it('gives up an agent that leaves anything unread for 30 s', async () => {
    const { clock, stream, aborted } = start();
    const reader = stream.queue[Symbol.asyncIterator]();
    await reader.next();
    await clock.advance(60_000);
    stream.checkPace();
    expect(aborted).to.deep.equal([]);
    stream.deliver([outcome]);
    await clock.advance(30_000);
    stream.checkPace();
    expect(aborted).to.deep.equal([]);
    await clock.advance(1);
    stream.checkPace();
    expect(aborted).to.deep.equal([TOO_SLOW]);
  });

  describe('of an agent that was asked what it holds', () => {
    const adopt = {
      workloadId: 'w-1',
      claim: 1,
      epoch: 1,
      counter: 1,
      adopt: true,
      inputs: [],
      attempts: [],
      work: undefined,
    };
    const ask = () => {
      const started = start();
      started.stream.learn({ ...started.user, claim: 1, session: 'w-1' });
      started.stream.silence.listen();
      expect(started.stream.offer(adopt)).to.equal('forward');
      // The agent's machine takes the message, and perhaps the agent does not.
      started.stream.queue.finish();
      return started;
    };
    const passes = async ({ clock, stream }: ReturnType<typeof ask>, ms: number): Promise<void> => {
      for await (const _ of stream.queue) {
      }
      await clock.advance(ms);
      stream.checkPace();
    };

    it('gives it up if it says nothing for 10 s', async () => {
      const asked = ask();
      await passes(asked, 10_000);
      expect(asked.aborted).to.deep.equal([]);
      await passes(asked, 1);
      expect(asked.aborted).to.deep.equal(['UNAVAILABLE AGENT_SILENT']);
    });

    it('is content with an answer', async () => {
      const asked = ask();
      asked.stream.silence.hear(true);
      asked.stream.silence.listen();
      await passes(asked, 60_000);
      expect(asked.aborted).to.deep.equal([]);
    });

    it('does not blame it for a message that this side did not read', async () => {
      const asked = ask();
      asked.stream.silence.hear(false);
      await passes(asked, 60_000);
      expect(asked.aborted).to.deep.equal([]);
    });
  });

  it('cuts a call whose agent does not read the last message within a second', async () => {
    const { clock, stream, aborted } = start();
    stream.end(superseded(), { message: { $case: 'superseded', value: {} } });
    await clock.advance(999);
    expect(aborted).to.deep.equal([]);
    await clock.advance(1);
    expect(aborted).to.deep.equal(['ABORTED SUPERSEDED']);
  });
});
