import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createDivergenceWatch } from './divergence.ts';
import { readLog, recorded } from './fixtures/logs.ts';
import type { LogRow } from './log-reader.ts';

const watchRows = (rows: readonly LogRow[]) => {
  const watch = createDivergenceWatch();
  rows.forEach((row) => watch.see(row));
  return watch;
};
const signOf = (rows: readonly LogRow[]) => watchRows(rows).sign();

const row = (step: number, more: Partial<LogRow> = {}): LogRow => ({
  step,
  time: String(step),
  at: step,
  values: new Map(),
  struggles: [],
  bounded: new Map(),
  ...more,
});
const courants = (values: readonly number[]): LogRow[] =>
  values.map((value, i) => row(i + 1, { values: new Map([['courant_max', value]]) }));
const calm = (count: number, value = 0.5): number[] => Array.from({ length: count }, () => value);

describe('createDivergenceWatch', () => {
  it('finds no sign in the logs of computations that end well', () => {
    for (const name of [
      'icoFoam',
      'simpleFoam',
      'interFoam',
      'compressibleInterFoam',
      'chtMultiRegionFoam',
      'rhoCentralFoam',
      'electrostaticFoam',
      'converged',
    ]) {
      expect(signOf(readLog([recorded(name)]).rows), name).to.equal(undefined);
    }
  });

  it('names step and field of a residual that exploded', () => {
    const sign = signOf(readLog([recorded('diverged')]).rows);
    expect(sign).to.include({ time: '15', field: 'Ux' });
    expect(sign?.text).to.match(/from 0\.856913 to 2\.60167e\+283/);
  });

  it('takes a number that is none for a sign, and many for the end', () => {
    const { rows } = readLog([recorded('not-a-number')]);
    expect(signOf(rows)).to.include({ time: '15', field: 'continuity_local' });
    const none = { values: new Map([['p', Number.NaN]]) };
    expect(watchRows([row(1, none), row(2, none)]).isHopeless()).to.equal(false);
    expect(watchRows([row(1, none), row(2, none), row(3, none)]).isHopeless()).to.equal(true);
  });

  it('wants several steps in a row that were not solved', () => {
    const bad = { struggles: [{ series: 'p', initial: 0.1, final: 0.2, iterations: 1_000 }] };
    expect(signOf([row(1, bad), row(2, bad), row(3), row(4, bad)])).to.equal(undefined);
    expect(signOf([row(1), row(2, bad), row(3, bad), row(4, bad)])).to.include({
      step: 4,
      field: 'p',
    });
  });

  it('takes Courant numbers far above their median for a sign, but not those of a start from rest', () => {
    expect(signOf(courants([...calm(20), 1e4]))).to.include({ step: 21, field: 'courant_max' });
    expect(signOf(courants([...calm(20, 1e-6), 0.5, 2]))).to.equal(undefined);
  });

  it('takes a time step that shrinks to nothing, and values bounded at nonsense, for signs', () => {
    const steps = [1e-3, 1e-4, 1e-10].map((value, i) =>
      row(i + 1, { values: new Map([['delta_t', value]]) }),
    );
    expect(signOf(steps)).to.include({ step: 3, field: 'delta_t' });
    expect(signOf([row(1, { bounded: new Map([['k', 1e51]]) })])).to.include({ field: 'k' });
  });

  it('forgets a sign from which the computation recovered', () => {
    const bad = { bounded: new Map([['k', 1e51]]) };
    const after = Array.from({ length: 60 }, (_, i) => row(i + 2));
    expect(signOf([row(1, bad), ...after])).to.equal(undefined);
    expect(signOf([row(1, bad), ...after.slice(0, 20), row(22, bad)])).to.include({ step: 1 });
  });
});
