import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Needs } from '#libs/contracts/user.ts';
import { beginsWith, isAtLeast, suits } from './capability.ts';

const user = {
  id: 'm-1',
  capability: {
    cpus: 1,
    memoryBytes: 1_000,
    engines: [
      { name: 'CYCLES', version: '3.4.1' },
      { name: 'noop', version: '9.9' },
    ],
    sandbox: 'SANDBOX_LEVEL_NONE' as const,
  },
};

const isFit = (more: Partial<Needs>): boolean =>
  suits(user, {
    engine: '',
    anyBlender: false,
    minVersion: '',
    exactVersion: '',
    memoryBytes: 0,
    barredUserIds: [],
    ...more,
  });

describe('isAtLeast', () => {
  it('compares number by number, not as text', () => {
    expect(isAtLeast('3.10.0', '3.4')).to.equal(true);
    expect(isAtLeast('3.4.1', '3.10')).to.equal(false);
    expect(isAtLeast('3.4', '3.4.0')).to.equal(true);
    expect(isAtLeast('4.0.0-beta', '3.6.5')).to.equal(true);
    expect(isAtLeast('', '0.1')).to.equal(false);
  });
});

describe('beginsWith', () => {
  it('compares whole parts', () => {
    expect(beginsWith('3.4.1', '3.4')).to.equal(true);
    expect(beginsWith('3.41', '3.4')).to.equal(false);
    expect(beginsWith('3.4.10', '3.4.1')).to.equal(false);
  });
});

describe('suits', () => {
  it('asks for the engine by name and version, or for any of Blender', () => {
    expect(isFit({ engine: 'CYCLES', minVersion: '3.4' })).to.equal(true);
    expect(isFit({ engine: 'CYCLES', minVersion: '3.5' })).to.equal(false);
    expect(isFit({ engine: 'BLENDER_EEVEE' })).to.equal(false);
    expect(isFit({ anyBlender: true, exactVersion: '3.4.1' })).to.equal(true);
    expect(isFit({ anyBlender: true, minVersion: '9.0' })).to.equal(false);
    expect(isFit({})).to.equal(true);
  });

  it('asks for memory, and leaves barred users out', () => {
    expect(isFit({ memoryBytes: 1_000 })).to.equal(true);
    expect(isFit({ memoryBytes: 1_001 })).to.equal(false);
    expect(isFit({ barredUserIds: ['m-1'] })).to.equal(false);
  });
});
