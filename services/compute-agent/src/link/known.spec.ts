import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { ConnectRequest, Report } from '#libs/contracts/agent.ts';
import { needs } from '#libs/contracts/agent-features.ts';
import { sendKnown } from './known.ts';

/** The needs of agents if `held` and `failed` had come after the first version of the protocol. */
const later = { ...needs, held: 'skips-unknown', failed: 'skips-unknown' } as const;

const held: ConnectRequest = {
  message: { $case: 'held', value: { workloadId: 'w-1', attempts: [], epoch: 0 } },
};
const reportsOf = (...kinds: ('started' | 'failed')[]): ConnectRequest => {
  const report = (kind: string): Report => ({
    reportId: 1,
    workloadId: 'w-1',
    attempt: undefined,
    body: { $case: kind, value: {} } as Report['body'],
  });
  return { message: { $case: 'reports', value: { reports: kinds.map(report) } } };
};

const said = async (
  features: readonly string[],
  ...requests: ConnectRequest[]
): Promise<ConnectRequest[]> => {
  const heard: ConnectRequest[] = [];
  const send = sendKnown(async (request) => void heard.push(request), features, later);
  for (const request of requests) {
    await send(request);
  }
  return heard;
};

describe('an agent', () => {
  it('says nothing that an older manager does not know', async () => {
    const heard = await said([], held, reportsOf('started', 'failed'), reportsOf('failed'));
    expect(heard).to.deep.equal([reportsOf('started')]);
  });

  it('says everything to a manager that names the features, also among features that this agent does not know', async () => {
    const all = [held, reportsOf('started', 'failed'), reportsOf('failed')];
    expect(await said(['of-the-future', 'skips-unknown'], ...all)).to.deep.equal(all);
  });
});
