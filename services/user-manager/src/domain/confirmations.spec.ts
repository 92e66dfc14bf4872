import { expect } from 'chai';
import { describe, it } from 'mocha';
import { CLAIM_LIFE_MS, createConfirmations } from './confirmations.ts';
import type { ConnectedUser } from './user.ts';

const user = (more: Partial<ConnectedUser> = {}): ConnectedUser => ({
  id: 'u',
  name: 'u',
  manager: 'i-1',
  connection: 'c-1',
  session: 'w',
  claim: 1,
  version: 1,
  slots: 1,
  capability: { cpus: 1, memoryBytes: 0, engines: [], sandbox: 'SANDBOX_LEVEL_NONE' },
  agentVersion: '',
  owner: '',
  goodLooks: 0,
  connectedAtMs: 0,
  drain: 'none',
  ...more,
});

const claimOf = (one: ConnectedUser) => ({
  userId: one.id,
  connectionId: one.connection,
  claim: one.claim,
});

describe('createConfirmations', () => {
  it('lets a claim lapse that nobody confirmed for 10 s, and none that was', () => {
    const confirmations = createConfirmations(0);
    confirmations.see(user(), 0, false);
    expect(confirmations.lapse(user(), 'active', CLAIM_LIFE_MS - 1)).to.equal(undefined);
    expect(confirmations.lapse(user(), 'active', CLAIM_LIFE_MS)).to.equal('unconfirmed');
    confirmations.confirm([claimOf(user())], () => user(), 5_000);
    expect(confirmations.lapse(user(), 'active', CLAIM_LIFE_MS)).to.equal(undefined);
  });

  it('takes no confirmation of an older stream or an older claim', () => {
    const confirmations = createConfirmations(0);
    confirmations.see(user(), 0, false);
    const old = [
      { ...claimOf(user()), connectionId: 'c-0' },
      { ...claimOf(user()), claim: 0 },
    ];
    confirmations.confirm(old, () => user(), 5_000);
    expect(confirmations.lapse(user(), 'active', CLAIM_LIFE_MS)).to.equal('unconfirmed');
    expect(confirmations.isTold(user())).to.equal(false);
  });

  it('counts a new claim from its own beginning', () => {
    const confirmations = createConfirmations(0);
    confirmations.see(user(), 0, true);
    const next = user({ claim: 2 });
    confirmations.see(next, 9_000, false);
    expect(confirmations.isTold(next)).to.equal(false);
    expect(confirmations.lapse(next, 'active', CLAIM_LIFE_MS)).to.equal(undefined);
  });

  it('releases at once what belongs to a demand that was removed', () => {
    const confirmations = createConfirmations(0);
    confirmations.see(user(), 0, true);
    expect(confirmations.lapse(user(), 'removed', 1)).to.equal('demand-removed');
  });

  it('releases at once what belongs to no demand, once every live session must have spoken', () => {
    const confirmations = createConfirmations(1_000);
    confirmations.see(user(), 10_500, false);
    expect(confirmations.lapse(user(), 'absent', 10_999)).to.equal(undefined);
    expect(confirmations.lapse(user(), 'absent', 11_000)).to.equal('no-demand');
  });
});
