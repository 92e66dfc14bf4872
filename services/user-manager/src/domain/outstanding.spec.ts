import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { DesiredState, Report } from '#libs/contracts/agent.ts';
import { failedBody } from '#libs/testing/index.ts';
import { nothingOwed, owe, takeReports } from './outstanding.ts';

const attempt = (id: string) => ({
  task: 'noop/0',
  generation: 0,
  attempt: id,
  token: Buffer.alloc(16),
});

const state = (ids: string[], more: Partial<DesiredState> = {}): DesiredState => ({
  workloadId: 'w',
  claim: 1,
  epoch: 0,
  counter: 0,
  adopt: false,
  inputs: [],
  work: undefined,
  attempts: ids.map(attempt),
  ...more,
});

const report = (id: string, more: Partial<Report> = {}): Report => ({
  reportId: 1,
  workloadId: 'w',
  attempt: attempt(id),
  body: failedBody(),
  ...more,
});

describe('takeReports', () => {
  it('says once that the last owed attempt was reported', () => {
    const owed = owe(nothingOwed(), state(['a', 'b']));
    expect(takeReports(owed, [report('a')])).to.equal(false);
    expect(takeReports(owed, [report('b')])).to.equal(true);
    expect(takeReports(owed, [report('b')])).to.equal(false);
  });

  it('does not count beginnings, other attempts and other workloads', () => {
    const owed = owe(nothingOwed(), state(['a']));
    expect(takeReports(owed, [report('a', { body: { $case: 'started', value: {} } })])).to.equal(
      false,
    );
    expect(takeReports(owed, [report('z'), report('a', { workloadId: 'v' })])).to.equal(false);
  });

  it('remembers what was reported when a state comes that was made before', () => {
    const first = owe(nothingOwed(), state(['a', 'b']));
    takeReports(first, [report('a')]);
    const second = owe(first, state(['a', 'b', 'c']));
    expect([...second.owed]).to.deep.equal(['b', 'c']);
    expect(takeReports(second, [report('b'), report('c')])).to.equal(true);
  });

  it('is not confused by a state that only asks what is held', () => {
    const owed = owe(nothingOwed(), state(['a']));
    expect(owe(owed, state([], { adopt: true }))).to.deep.equal({ ...owed, added: 0 });
  });
});
