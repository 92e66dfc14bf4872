import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isOwnTime, readControl, wayToOwnTime } from './control.ts';

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
