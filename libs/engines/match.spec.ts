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
  const needs = { family: '', engine: '', minVersion: '', exactVersion: '' };
  const openfoam = [{ name: 'OPENFOAM_COM', version: '2312' }];
  const blender = [{ name: 'CYCLES', version: '3.4.1' }];

  it('gives the work of a family to engines of that family alone', () => {
    expect(canServe(openfoam, { ...needs, family: 'blender' })).to.equal(false);
    expect(canServe(blender, { ...needs, family: 'blender' })).to.equal(true);
    expect(canServe([...openfoam, ...blender], { ...needs, family: 'blender' })).to.equal(true);
  });

  it('gives an unknown engine no family, even one named like an object property', () => {
    for (const name of ['LUXCORE', 'constructor', '__proto__']) {
      expect(canServe([{ name, version: '1' }], { ...needs, family: 'blender' }), name).to.equal(
        false,
      );
      expect(canServe([{ name, version: '1' }], { ...needs, engine: name }), name).to.equal(true);
    }
  });

  it('wants name and version from the same engine', () => {
    const two = [
      { name: 'CYCLES', version: '3.4.1' },
      { name: 'BLENDER_EEVEE', version: '4.5.0' },
    ];
    expect(
      canServe(two, { ...needs, family: 'blender', engine: 'CYCLES', minVersion: '4.0' }),
    ).to.equal(false);
    expect(canServe(two, { ...needs, family: 'blender', minVersion: '4.0' })).to.equal(true);
  });
});
