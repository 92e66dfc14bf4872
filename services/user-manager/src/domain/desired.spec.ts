import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { DesiredState } from '#libs/contracts/agent.ts';
import { type Command, learnClaim, noCommand, ruleOnDesired } from './desired.ts';

const attempts = [{ task: 'noop/0', generation: 0, attempt: '0-1', token: Buffer.alloc(16) }];

const state = (
  claim: number,
  epoch: number,
  counter: number,
  more: Partial<DesiredState> = {},
): DesiredState => ({
  workloadId: 'w',
  claim,
  epoch,
  counter,
  adopt: false,
  inputs: [],
  work: undefined,
  attempts,
  ...more,
});

const after = (...states: DesiredState[]): Command =>
  states.reduce<Command>((command, each) => {
    const ruling = ruleOnDesired(command, each);
    return ruling.kind === 'forward' ? ruling.next : command;
  }, noCommand);

describe('ruleOnDesired', () => {
  it('lets the greater (claim, epoch, counter) through, claim first', () => {
    const command = after(state(2, 5, 5));
    expect(ruleOnDesired(command, state(2, 5, 6)).kind).to.equal('forward');
    expect(ruleOnDesired(command, state(2, 6, 0)).kind).to.equal('forward');
    expect(ruleOnDesired(command, state(3, 0, 0)).kind).to.equal('forward');
  });

  it('ignores an equal or older one of the same claim', () => {
    const command = after(state(2, 5, 5));
    for (const old of [state(2, 5, 5), state(2, 5, 4), state(2, 4, 9)]) {
      expect(ruleOnDesired(command, old).kind).to.equal('outdated');
    }
  });

  it('says that the user is gone to whoever speaks for an older claim', () => {
    expect(ruleOnDesired(after(state(2, 0, 0)), state(1, 9, 9)).kind).to.equal('gone');
    expect(
      ruleOnDesired(learnClaim(noCommand, { claim: 3, isServing: true }), state(2, 0, 0)).kind,
    ).to.equal('gone');
  });

  it('lets a session that has given the user back only stop it', () => {
    const released = learnClaim(after(state(2, 0, 0)), { claim: 2, isServing: false });
    expect(ruleOnDesired(released, state(2, 0, 1)).kind).to.equal('gone');
    expect(ruleOnDesired(released, state(2, 0, 1, { adopt: true, attempts: [] })).kind).to.equal(
      'gone',
    );
    expect(ruleOnDesired(released, state(2, 0, 1, { attempts: [] })).kind).to.equal('forward');
    expect(ruleOnDesired(released, state(3, 0, 0)).kind).to.equal('forward');
  });
});

describe('learnClaim', () => {
  it('never goes back', () => {
    const command = learnClaim(noCommand, { claim: 4, isServing: true });
    expect(learnClaim(command, { claim: 3, isServing: false })).to.equal(command);
  });
});
