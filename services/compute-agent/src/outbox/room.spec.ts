import { expect } from 'chai';
import { describe, it } from 'mocha';
import { eventually } from '#libs/testing/index.ts';
import { startPair } from '../fixtures/agent.ts';
import { attempts, noopWork } from '../fixtures/peer.ts';

describe('an agent without room for results', function () {
  this.timeout(20_000);

  it('connects again without engines, and with them when there is room', async () => {
    await using pair = await startPair({ env: { MUSTER_AGENT_OUTBOX_RESULTS: '2' } });
    const stream = await pair.peer.stream(0);
    stream.desire({ ...noopWork(), workloadId: 'w-1', attempts: attempts(0, 2) });
    const full = await pair.peer.stream(1);
    expect(full.hello.capability?.engines).to.deep.equal([]);
    expect(full.hello.held.flatMap((held) => held.attempts.map(({ task }) => task))).to.include(
      'noop/0',
    );
    await eventually(() => expect(full.reports()).to.have.length.of.at.least(2));
    full.decide(full.reports(), 'VERDICT_ACCEPTED');
    full.decideAll('VERDICT_ACCEPTED');
    const again = await pair.peer.stream(2);
    expect(again.hello.capability?.engines.map(({ name }) => name)).to.deep.equal(['noop']);
    again.desire({ ...noopWork(), workloadId: 'w-2', attempts: attempts(7), claim: 9 });
    await eventually(() =>
      expect(again.reports().map(({ attempt }) => attempt?.task)).to.include('noop/7'),
    );
  });
});
