import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Demand } from '#libs/contracts/user.ts';
import { unavailable } from '#libs/errors/index.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { createRoster } from '../domain/roster.ts';
import type { ConnectedUser, UserRecord } from '../domain/user.ts';
import { startMatching } from './matching.ts';
import type { MatchingOptions } from './round.ts';

const idle = (id: string): ConnectedUser => ({
  id,
  name: id,
  manager: 'i-1',
  connection: `c-${id}`,
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
});

const demand = (counter: number): Demand => ({
  workloadId: 'w-1',
  customerId: 'alice',
  weight: 1,
  epoch: 0,
  counter,
  wanted: 1,
  needs: undefined,
  users: [],
});

describe('a claim whose answer is lost', () => {
  it('counts, when the session asks again', async () => {
    const records = new Map([idle('u-1'), idle('u-2')].map((user) => [user.id, user]));
    const roster = createRoster();
    records.forEach((user) => roster.apply(user));
    let isAnswered = false;
    const claim = async (user: ConnectedUser, session: string): Promise<UserRecord> => {
      const after = { ...user, session, claim: user.claim + 1, version: user.version + 1 };
      records.set(user.id, after);
      if (!isAnswered) {
        throw unavailable('mongodb', 'no answer');
      }
      return after;
    };
    const matching = startMatching({
      users: { claim, get: async (id: string) => records.get(id) },
      roster,
      refreshRoster: async () => {
        const finish = roster.beginRefresh();
        finish([...records.values()]);
      },
      announce: (user: UserRecord) => roster.apply(user),
      sessions: { newUsers: () => undefined },
      events: { roundFailed: () => undefined, userClaimed: () => undefined },
      clock: fakeClock(),
      healthyNow: () => 0,
    } as unknown as MatchingOptions);
    await matching.setDemand(demand(1)).catch(() => undefined);
    isAnswered = true;
    // Somebody else gave this one back, so that it comes first now.
    const first = { ...idle('u-2'), claim: 1, version: 2 };
    records.set('u-2', first);
    roster.apply(first);
    const { users } = await matching.setDemand({ ...demand(2), weight: 2 });
    matching.stop();
    expect(users).to.have.length(1);
    expect([...records.values()].filter(({ session }) => session === 'w-1')).to.have.length(1);
  });
});
