import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Needs } from '#libs/contracts/user.ts';
import { suits } from './matcher.ts';

const user = {
  id: 'm-1',
  capability: {
    cpus: 1,
    memoryBytes: 1_000,
    engines: [
      { name: 'CYCLES', version: '3.4.1', devices: [] },
      { name: 'noop', version: '9.9', devices: [] },
    ],
    sandbox: 'SANDBOX_LEVEL_NONE' as const,
  },
};

const noNeeds: Needs = {
  engine: '',
  family: '',
  minVersion: '',
  exactVersion: '',
  memoryBytes: 0,
  barredUserIds: [],
  device: false,
  deviceMemoryBytes: 0,
};

const isFit = (more: Partial<Needs>): boolean => suits(user, { ...noNeeds, ...more });

describe('suits', () => {
  it('asks for the engine by name and version, or for any of Blender', () => {
    expect(isFit({ engine: 'CYCLES', minVersion: '3.4' })).to.equal(true);
    expect(isFit({ engine: 'CYCLES', minVersion: '3.5' })).to.equal(false);
    expect(isFit({ engine: 'BLENDER_EEVEE' })).to.equal(false);
    expect(isFit({ family: 'blender', exactVersion: '3.4.1' })).to.equal(true);
    expect(isFit({ family: 'blender', minVersion: '9.0' })).to.equal(false);
    expect(isFit({})).to.equal(true);
  });

  it('gives the work of a family to that family alone', () => {
    const foam = {
      ...user,
      capability: {
        ...user.capability,
        engines: [{ name: 'OPENFOAM_COM', version: '2312', devices: [] }],
      },
    };
    expect(suits(foam, { ...noNeeds, family: 'blender' })).to.equal(false);
    expect(suits(foam, { ...noNeeds, family: 'openfoam' })).to.equal(true);
  });

  it('asks for a graphics card of the engine, and for its memory', () => {
    const [cycles, other] = user.capability.engines;
    const device = { backend: 'DEVICE_BACKEND_CUDA', name: 'X', memoryBytes: 8 } as const;
    const engines = [{ ...cycles!, devices: [device] }, other!];
    const withCard = { ...user, capability: { ...user.capability, engines } };
    const onDevice = { ...noNeeds, family: 'blender', device: true };
    expect(suits(user, onDevice)).to.equal(false);
    expect(suits(withCard, { ...onDevice, deviceMemoryBytes: 8 })).to.equal(true);
    expect(suits(withCard, { ...onDevice, deviceMemoryBytes: 9 })).to.equal(false);
  });

  it('asks for memory, and leaves barred users out', () => {
    expect(isFit({ memoryBytes: 1_000 })).to.equal(true);
    expect(isFit({ memoryBytes: 1_001 })).to.equal(false);
    expect(isFit({ barredUserIds: ['m-1'] })).to.equal(false);
  });
});
