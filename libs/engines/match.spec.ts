import { expect } from 'chai';
import { describe, it } from 'mocha';
import { beginsWith, canServe, isAtLeast } from './match.ts';

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

describe('canServe', () => {
  const needs = {
    family: '',
    engine: '',
    minVersion: '',
    exactVersion: '',
    device: false,
    deviceMemoryBytes: 0,
  };
  const openfoam = [{ name: 'OPENFOAM_COM', version: '2312', devices: [] }];
  const blender = [{ name: 'CYCLES', version: '3.4.1', devices: [] }];

  it('gives the work of a family to engines of that family alone', () => {
    expect(canServe(openfoam, { ...needs, family: 'blender' })).to.equal(false);
    expect(canServe(blender, { ...needs, family: 'blender' })).to.equal(true);
    expect(canServe([...openfoam, ...blender], { ...needs, family: 'blender' })).to.equal(true);
  });

  it('gives an unknown engine no family, even one named like an object property', () => {
    for (const name of ['LUXCORE', 'constructor', '__proto__']) {
      expect(
        canServe([{ name, version: '1', devices: [] }], { ...needs, family: 'blender' }),
        name,
      ).to.equal(false);
      expect(
        canServe([{ name, version: '1', devices: [] }], { ...needs, engine: name }),
        name,
      ).to.equal(true);
    }
  });

  it('wants name and version from the same engine', () => {
    const two = [
      { name: 'CYCLES', version: '3.4.1', devices: [] },
      { name: 'BLENDER_EEVEE', version: '4.5.0', devices: [] },
    ];
    expect(
      canServe(two, { ...needs, family: 'blender', engine: 'CYCLES', minVersion: '4.0' }),
    ).to.equal(false);
    expect(canServe(two, { ...needs, family: 'blender', minVersion: '4.0' })).to.equal(true);
  });

  it('wants the device from the engine that does the work, with the memory that is asked for', () => {
    const card = { memoryBytes: 8 * 2 ** 30 };
    const mixed = [
      { name: 'CYCLES', version: '3.4.1', devices: [] },
      { name: 'CYCLES', version: '5.0.1', devices: [{ memoryBytes: 2 ** 30 }, card] },
    ];
    const onDevice = { ...needs, family: 'blender', device: true };
    expect(canServe(blender, onDevice)).to.equal(false);
    expect(canServe(blender, { ...needs, device: true })).to.equal(false);
    expect(canServe(mixed, onDevice)).to.equal(true);
    expect(canServe(mixed, { ...onDevice, exactVersion: '3.4.1' })).to.equal(false);
    const least = (deviceMemoryBytes: number): boolean =>
      canServe(mixed, { ...onDevice, deviceMemoryBytes });
    expect([least(card.memoryBytes), least(card.memoryBytes + 1)]).to.deep.equal([true, false]);
  });

  it('takes a device whose memory nobody knows only where none is asked for', () => {
    const unknown = [{ name: 'CYCLES', version: '5.0.1', devices: [{ memoryBytes: 0 }] }];
    const onDevice = { ...needs, family: 'blender', device: true };
    expect(canServe(unknown, onDevice)).to.equal(true);
    expect(canServe(unknown, { ...onDevice, deviceMemoryBytes: 1 })).to.equal(false);
  });
});
