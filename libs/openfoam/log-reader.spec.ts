import { expect } from 'chai';
import { describe, it } from 'mocha';
import { readLog, recorded } from './fixtures/logs.ts';
import { createLogReader } from './log-reader.ts';

const SOLVERS = [
  'icoFoam',
  'simpleFoam',
  'interFoam',
  'compressibleInterFoam',
  'chtMultiRegionFoam',
  'rhoCentralFoam',
  'electrostaticFoam',
  'foamRun',
  'converged',
  'diverged',
  'not-a-number',
];

const read = (name: string) => readLog([recorded(name)]);
const text = (lines: string) => readLog([Buffer.from(lines)]);
const valuesOf = (name: string, row: number): Record<string, number> =>
  Object.fromEntries(read(name).rows[row]?.values ?? []);

describe('createLogReader', () => {
  it('takes the first initial residual of each field in a step, and the last of what is measured', () => {
    const { rows, findings } = read('icoFoam');
    expect(rows.map(({ step, time, at }) => ({ step, time, at }))).to.deep.equal([
      { step: 1, time: '0.005', at: 0.005 },
      { step: 2, time: '0.01', at: 0.01 },
      { step: 3, time: '0.015', at: 0.015 },
      { step: 4, time: '0.02', at: 0.02 },
    ]);
    expect(valuesOf('icoFoam', 0)).to.include({ Ux: 1, Uy: 0, p: 1, courant_max: 0 });
    expect(Object.keys(valuesOf('icoFoam', 0))).to.deep.equal([
      'courant_mean',
      'courant_max',
      'Ux',
      'Uy',
      'p',
      'continuity_local',
      'continuity_global',
      'execution_time',
    ]);
    expect(findings).to.include({ isEnded: true, fatal: undefined, isTrapped: false });
    expect(findings.solvingAt).to.equal(0.02);
  });

  it('gives what interFoam writes before a time to that time', () => {
    const { rows } = read('interFoam');
    expect(rows.map(({ time }) => time)[0]).to.equal('0.00119048');
    expect(Object.fromEntries(rows[0]?.values ?? [])).to.include({
      courant_max: 0,
      interface_courant_max: 0,
      delta_t: 0.00119048,
      'alpha.water': 0,
      p_rgh: 1,
    });
    expect(rows[0]?.values.has('pcorr')).to.equal(false);
    expect(rows[1]?.values.get('courant_max')).to.equal(0.107249);
  });

  it('tells the regions of chtMultiRegionFoam apart', () => {
    const { rows } = read('chtMultiRegionFoam');
    const values = Object.fromEntries(rows.at(-1)?.values ?? []);
    expect(values).to.include({
      'bottomWater:h': 0.99470606,
      'topAir:h': 0.99846362,
      'heater:h': 0.2499389,
      'topAir:courant_max': 0.01808018,
      'topAir:continuity_local': 4.132451e-12,
    });
    expect(values).not.to.have.property('h');
  });

  it('tells regions apart where each line begins with one, as foamMultiRun writes them', () => {
    const { rows } = text(
      [
        'Time = 1s',
        'air    Courant Number mean: 0.1 max: 0.2',
        'air    GAMG:  Solving for p, Initial residual = 0.5, Final residual = 0.1, No Iterations 2',
        'water  GAMG:  Solving for p, Initial residual = 0.3, Final residual = 0.1, No Iterations 2',
        '       ExecutionTime = 1 s  ClockTime = 1 s',
        'End',
        '',
      ].join('\n'),
    );
    expect(Object.fromEntries(rows[0]?.values ?? [])).to.deep.equal({
      'air:courant_mean': 0.1,
      'air:courant_max': 0.2,
      'air:p': 0.5,
      'water:p': 0.3,
      execution_time: 1,
    });
  });

  it('reads the time of foamRun without its unit', () => {
    const { rows } = read('foamRun');
    expect(rows.map(({ time }) => time)).to.deep.equal(['0.005', '0.01']);
    expect(rows[1]?.values.get('courant_max')).to.equal(0.585607);
  });

  it('reads the iterations of electrostaticFoam as times', () => {
    const { rows } = read('electrostaticFoam');
    expect(rows.slice(0, 2).map(({ time }) => time)).to.deep.equal(['5e-05', '0.0001']);
    expect(rows[1]?.values.get('phi')).to.equal(0.0471226);
  });

  it('reads both forms of Courant numbers and both phases of compressible solvers', () => {
    expect(valuesOf('rhoCentralFoam', -0)).to.include({ rho: 0, rhoUx: 0, rhoE: 0 });
    expect(valuesOf('rhoCentralFoam', 1)).to.have.property('courant_max').above(0);
    expect(valuesOf('compressibleInterFoam', 1)).to.include({
      T: 4.8424851e-5,
      p_rgh: 0.00055650327,
    });
  });

  it('says that a steady solver converged', () => {
    const { findings, rows } = read('converged');
    expect(findings).to.include({ convergedIn: 282, isEnded: true });
    expect(rows.at(-1)?.time).to.equal('282');
  });

  it('does not take the head of a log for a floating point exception, and finds a real one', () => {
    expect(read('icoFoam').findings.isTrapped).to.equal(false);
    const { findings, rows } = read('diverged');
    expect(findings).to.include({ isTrapped: true, isEnded: false });
    expect(rows.at(-1)?.struggles.map(({ series }) => series)).to.deep.equal(['Ux', 'Uy']);
  });

  it('keeps what a program said when it gave up, and numbers that are none', () => {
    const { findings, rows } = read('not-a-number');
    expect(findings.fatal)
      .to.match(/^--> FOAM FATAL IO ERROR/)
      .and.contain("word 'nan'");
    expect(findings.fatal).not.to.contain('FOAM exiting');
    expect(rows.at(-1)?.values.get('continuity_local')).to.satisfy(Number.isNaN);
    const ranks = text(
      '[1] --> FOAM FATAL ERROR: \n[1] no such patch\n[1] \nFOAM parallel run exiting\n',
    );
    expect(ranks.findings.fatal).to.contain('no such patch');
  });

  it('has the present step before it is over', () => {
    const reader = createLogReader(() => expect.fail('no step is over'));
    reader.add(Buffer.from('Time = 0.5\n\nX:  Solving for p, Initial residual = 0.1, Final'));
    expect(reader.findings().current?.time).to.equal('0.5');
    expect(reader.findings().solvingAt).to.equal(undefined);
  });

  it('gives the same rows however the output is cut', () => {
    for (const name of SOLVERS) {
      const log = recorded(name);
      const whole = readLog([log]);
      for (const size of [1, 2, 7, 64, 1_000]) {
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < log.length; at += size) {
          chunks.push(log.subarray(at, at + size));
        }
        expect(readLog(chunks), `${name} by ${size}`).to.deep.equal(whole);
      }
      for (let at = 0; at < log.length; at += 97) {
        const [head, tail] = [log.subarray(0, at), log.subarray(at)];
        expect(readLog([head, tail]).rows, `${name} at ${at}`).to.deep.equal(whole.rows);
      }
    }
  });

  it('takes rubbish, damaged logs and endless lines, and keeps little of them', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const log = Buffer.from(recorded(SOLVERS[random(SOLVERS.length)] ?? ''));
      for (let i = 0; i < 40; i += 1) {
        log[random(log.length)] = random(256);
      }
      for (const row of readLog([log]).rows) {
        expect(Number.isFinite(row.at)).to.equal(true);
      }
    }
    const long = Buffer.alloc(2 ** 20, 'Time = 1');
    const reader = createLogReader(() => undefined);
    for (const line of ['x', 'Time = ', ' Solving for ', 'a: Solving for b, Initial residual = ']) {
      reader.add(Buffer.from(line));
      reader.add(long);
      reader.add(Buffer.from('\n'));
    }
    reader.add(Buffer.from('Time = 1\n'));
    for (let i = 0; i < 5_000; i += 1) {
      const line = `X:  Solving for f${i}, Initial residual = nan, Final residual = 1, No Iterations 9\n`;
      reader.add(Buffer.from(line));
    }
    reader.add(Buffer.from('--> FOAM FATAL ERROR: \n'));
    for (let i = 0; i < 100; i += 1) {
      reader.add(long);
      reader.add(Buffer.from('\n'));
    }
    const { current, fatal } = reader.findings();
    expect(current?.values.size).to.equal(1_024);
    expect(current?.struggles).to.have.length(1_024);
    expect(fatal).to.have.length.at.most(1_000);
  });
});
