import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isOwnTime, readControl, wayToOwnTime } from './control.ts';
import { gridOf } from './decompose.ts';
import { findingIn } from './detect.ts';
import { progressOf } from './solve.ts';

describe('isOwnTime', () => {
  const byStep = readControl('startTime 0; endTime 9; writeControl timeStep; writeInterval 20;');
  const byTime = readControl('startTime 1; endTime 9; writeControl runTime; writeInterval 0.5;');

  it('counts steps or time as OpenFOAM does', () => {
    expect(isOwnTime(byStep, '0.2', 'index 40;')).to.equal(true);
    expect(isOwnTime(byStep, '0.205', 'index 41;')).to.equal(false);
    expect(isOwnTime(byTime, '2.5', 'deltaT 0.01;')).to.equal(true);
    expect(isOwnTime(byTime, '2.504', 'deltaT 0.01;')).to.equal(true);
    expect(isOwnTime(byTime, '2.7', 'deltaT 0.01;')).to.equal(false);
  });

  it('takes what is not certain, and the end, for a time of the case', () => {
    expect(isOwnTime(byStep, '9', 'index 41;')).to.equal(true);
    expect(isOwnTime(byStep, '0.205', '')).to.equal(true);
    expect(isOwnTime({ ...byStep, writeControl: 'cpuTime' }, '1', 'index 3;')).to.equal(true);
    expect(isOwnTime({ ...byStep, writeInterval: undefined }, '1', 'index 3;')).to.equal(true);
  });
});

describe('wayToOwnTime', () => {
  const of = (text: string, at: number) =>
    wayToOwnTime(readControl(`startTime 0; endTime 15; ${text}`), at);

  it('leads to the next time of the case', () => {
    expect(of('writeControl adjustableRunTime; writeInterval 5;', 2.495)).to.equal(
      'stopAt endTime; endTime 5; writeInterval 2.505;',
    );
  });

  it('leads nowhere from a time of the case, by steps, and where none is left', () => {
    expect(of('writeControl runTime; writeInterval 5;', 10)).to.equal(undefined);
    expect(of('writeControl timeStep; writeInterval 5;', 2.495)).to.equal(undefined);
    expect(of('writeControl runTime; writeInterval 4;', 13)).to.equal(undefined);
    expect(of('writeControl runTime;', 13)).to.equal(undefined);
  });
});

describe('gridOf', () => {
  it('divides into parts that are as equal as they can be', () => {
    expect([1, 2, 4, 6, 7, 12].map((ranks) => gridOf(ranks).join('x'))).to.deep.equal([
      '1x1x1',
      '2x1x1',
      '2x2x1',
      '3x2x1',
      '7x1x1',
      '4x3x1',
    ]);
  });
});

describe('findingIn', () => {
  it('tells both distributions and their versions', () => {
    const rest = 'mpirun yes\nmesh yes\nmethod simple\n';
    expect(findingIn(`using OpenFOAM- (1912) - visit www.openfoam.com\n${rest}`)).to.deep.equal({
      distribution: 'OPENFOAM_COM',
      version: '1912',
      methods: ['simple'],
      hasMpi: true,
      hasCompiler: false,
    });
    const com = `using OpenFOAM-v2312 (2312) - visit www.openfoam.com\n${rest}`;
    expect(findingIn(com)).to.include({ distribution: 'OPENFOAM_COM', version: '2312' });
    const org = `using OpenFOAM-13 (see https://openfoam.org)\n${rest}`;
    expect(findingIn(org)).to.include({ distribution: 'OPENFOAM_ORG', version: '13' });
  });

  it('takes an OpenFOAM that makes no mesh for none', () => {
    expect(findingIn('using OpenFOAM-13 (see https://openfoam.org)\n')).to.equal(undefined);
    expect(findingIn('')).to.equal(undefined);
  });
});

describe('progressOf', () => {
  const span = { from: 1, endTime: 3 };
  const values = new Map([
    ['courant_max', 0.5],
    ['air:p_rgh', 0.012345],
  ]);

  it('tells the time, a residual and how long it will take', () => {
    expect(progressOf({ time: '2', at: 2, values }, span, 60)).to.deep.equal({
      fraction: 0.5,
      text: 'Time = 2, air:p_rgh 0.012',
      remainingSeconds: 60,
    });
  });

  it('says nothing of the end where the case does not', () => {
    const { fraction, text } = progressOf(
      { time: '2', at: 2, values: new Map() },
      { from: 1, endTime: undefined },
      60,
    );
    expect([fraction, text]).to.deep.equal([undefined, 'Time = 2']);
  });
});
