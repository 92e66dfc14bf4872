import { randomUUID } from 'node:crypto';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  cavity,
  control,
  openfoamSuite,
  partAt,
  partsOf,
  pathsOf,
  recorder,
  textAt,
  onDisk,
} from '../../fixtures/openfoam.ts';
import type { Checkpoint, PartFile } from '../engine.ts';
import type { Part } from './case-files.ts';

/** How scripts of cases begin. */
const START = '#!/bin/sh\ncd "${0%/*}" || exit\n. ${WM_PROJECT_DIR:?}/bin/tools/RunFunctions\n';

describe('the OpenFOAM engine', () => {
  const { folder, machine, jobOf, run, mesh, solve } = openfoamSuite();

  it('finds the OpenFOAM of this machine, and which methods of decomposition really work', () => {
    expect(machine().foams).to.have.length(1);
    expect(machine().foams[0]).to.deep.include({
      distribution: 'OPENFOAM_COM',
      version: '1912',
      hasMpi: true,
      isCodeAllowed: false,
      methods: ['hierarchical', 'simple'],
    });
  });

  it('makes the mesh of a case, solves it and collects what there is', async () => {
    const job = await jobOf(cavity());
    const meshed = await mesh(job);
    const made = partsOf(meshed);
    expect(pathsOf(made)).to.include.members(['constant/polyMesh/faces', '0/U', 'log.blockMesh']);
    expect(meshed).to.deep.include({ notes: ['400 cells, mesh OK'] });
    expect(meshed).not.to.have.property('isFlawed');
    const { told, more } = recorder();
    const solving = await run(job, 'solve/0', { inputs: { 'mesh/0': made }, more });
    const solved = partsOf(solving);
    expect(pathsOf(solved)).to.include.members([
      '0.1/U',
      '0.5/p',
      '0.5/uniform/time',
      'log.icoFoam',
    ]);
    expect(told.at(-1)).to.deep.include({ fraction: 1 });
    expect(told.at(-1)?.text).to.match(/^Time = 0\.5, p /);
    expect(solving).to.deep.include({
      used: { engine: 'OPENFOAM_COM', version: '1912', device: '' },
    });
    const collected = partsOf(await run(job, 'collect/0', { inputs: { 'solve/0': solved } }));
    expect(partAt(collected, '0.5/U').sha256).to.equal(partAt(solved, '0.5/U').sha256);
    expect(pathsOf(collected)).to.include('log.icoFoam');
  });

  it('tells of a mesh that fails its checks, and does not fail for it', async () => {
    const dictionary = cavity()['system/blockMeshDict'] ?? '';
    const bad = dictionary.replace('((0 0 0)', '((0.9 0 0)');
    const outcome = await mesh(await jobOf(cavity({ 'system/blockMeshDict': bad })));
    expect(outcome).to.include({ kind: 'completed', isFlawed: true });
    expect(outcome).to.have.nested.property('notes[0]', '400 cells, failed 2 mesh checks');
    expect(outcome)
      .to.have.nested.property('notes[2]')
      .that.matches(/^Max skewness = /);
  });

  it('gives each case its own values', async () => {
    const settings = new Map([
      [0, [{ file: 'constant/transportProperties', entry: 'nu', value: '0.02' }]],
    ]);
    const job = await jobOf(cavity(), { settings });
    expect(await textAt(partsOf(await mesh(job)), 'constant/transportProperties')).to.match(
      /nu\s+0\.02;/,
    );
    const outside = new Map([[0, [{ file: '../x', entry: 'nu', value: '1' }]]]);
    expect(await mesh({ ...job, settings: outside })).to.include({ failureClass: 'CASE_INVALID' });
  });

  it('says where and when a solution diverged, and keeps the last good time', async () => {
    const job = await jobOf(
      cavity({ 'system/controlDict': control('deltaT 1; endTime 100; writeInterval 1;') }),
    );
    const { checkpoints, more } = recorder();
    const outcome = await solve(job, { more });
    expect(outcome).to.include({ kind: 'failed', failureClass: 'DIVERGED' });
    expect(outcome)
      .to.have.property('reason')
      .that.matches(/step 15, time 15: the residual of Ux/);
    expect(outcome)
      .to.have.property('reason')
      .that.matches(/time 14 is good$/);
    expect(checkpoints.map(({ name }) => name)).to.deep.equal(['14']);
    expect(pathsOf(checkpoints[0]?.parts ?? [])).to.include.members(['14/U', '13/phi']);
    expect(pathsOf(checkpoints[0]?.parts ?? [])).not.to.include('15/U');
  });

  /** Keeps the files of checkpoints, and ends the task after so many. */
  const stoppedAfter = (most: number) => {
    const kept: Checkpoint[] = [];
    const stopping = new AbortController();
    const { more } = recorder(async (made) => {
      const copies = join(folder(), `kept-${randomUUID()}`);
      await mkdir(copies);
      const parts: Part[] = [];
      for (const [i, part] of made.parts.entries()) {
        const file = join(copies, String(i));
        await copyFile(onDisk(part).file, file);
        parts.push({ ...part, file });
      }
      kept.push({ ...made, parts });
      if (kept.length === most) {
        stopping.abort();
      }
    });
    return { kept, stopping, more: { ...more, signal: stopping.signal } };
  };
  const timesOf = (parts: readonly PartFile[]): string[] => [
    ...new Set(pathsOf(parts).flatMap((path) => /^([\d.]+)\//.exec(path)?.[1] ?? [])),
  ];

  for (const writes of ['timeStep; writeInterval 1000;', 'runTime; writeInterval 5;']) {
    it(`goes on from a checkpoint to the same result, bit by bit: writeControl ${writes}`, async () => {
      // Long enough to be asked for checkpoints on its way.
      const slow = `endTime 15; writeControl ${writes}`;
      const job = await jobOf(cavity({ 'system/controlDict': control(slow) }), {
        checkpointEveryMs: 200,
      });
      const inputs = { 'mesh/0': partsOf(await mesh(job)) };
      const { kept, more } = stoppedAfter(2);
      const stopped = await run(job, 'solve/0', { inputs, more });
      expect(stopped).to.deep.equal({ kind: 'cancelled' });
      const [first, from] = kept;
      expect(Number(from?.position)).to.be.above(Number(first?.position));
      expect(pathsOf(from?.parts ?? [])).to.include(`${from?.name}/uniform/time`);
      // What only a signal made was no result, only a point to go on from.
      const own = ['5', '10'].filter((time) => Number(time) < Number(from?.name));
      expect(timesOf(from?.parts ?? [])).to.have.members(['0', ...own, from?.name]);
      const quiet = { ...job, checkpointEveryMs: 120_000 };
      const resumed = await run(quiet, 'solve/0', { from });
      const whole = partsOf(await run(quiet, 'solve/0', { inputs }));
      const gone = partsOf(resumed);
      for (const field of ['U', 'p', 'phi']) {
        expect(partAt(gone, `15/${field}`).sha256, field).to.equal(
          partAt(whole, `15/${field}`).sha256,
        );
      }
      expect(timesOf(gone)).to.deep.equal(timesOf(whole));
      expect(resumed).to.have.nested.property('notes[0]', `went on from time ${from?.name}`);
      expect(await textAt(gone, 'system/controlDict')).to.equal(
        await textAt(whole, 'system/controlDict'),
      );
    });
  }

  it('makes a last checkpoint within a step when it is to let others go on', async () => {
    const job = await jobOf(
      cavity({ 'system/controlDict': control('endTime 15; writeInterval 1000;') }),
    );
    const inputs = { 'mesh/0': partsOf(await mesh(job)) };
    const { kept, stopping, more } = stoppedAfter(99);
    const yielding = new AbortController();
    const outcome = await run(job, 'solve/0', {
      inputs,
      more: {
        ...more,
        yielding: yielding.signal,
        progress: () => yielding.abort('asked by the mesh'),
      },
    });
    expect(outcome).to.include({ kind: 'yielded', reason: 'asked by the mesh' });
    expect(stopping.signal.aborted).to.equal(false);
    const [from] = kept;
    expect(from?.position).to.be.within(0.005, 14);
    expect(pathsOf(from?.parts ?? [])).to.include(`${from?.name}/phi`);
    expect(timesOf(partsOf(await run(job, 'solve/0', { from })))).to.include('15');
  });

  for (const ranks of [1, 2]) {
    it(`keeps the time at which a steady solver converged, whatever was asked for meanwhile: ${ranks} ranks`, async () => {
      const steady = 'endTime 1000; deltaT 1; writeInterval 1000;';
      const files = cavity({ 'system/controlDict': control(steady, 'simpleFoam') });
      const job = await jobOf(
        {
          ...files,
          'system/blockMeshDict': (files['system/blockMeshDict'] ?? '').replace(
            '(20 20 1)',
            '(60 60 1)',
          ),
          'system/fvSolution': `${files['system/fvSolution'] ?? ''}
  SIMPLE { nNonOrthogonalCorrectors 0; pRefCell 0; pRefValue 0; residualControl { p 1e-4; U 1e-4; } }
  relaxationFactors { fields { p 0.3; } equations { U 0.7; } }\n`,
          'system/fvSchemes': (files['system/fvSchemes'] ?? '')
            .replace('default Euler', 'default steadyState')
            .replace('default none;', 'default none; div((nuEff*dev2(T(grad(U))))) Gauss linear;'),
          'constant/transportProperties': `${files['constant/transportProperties'] ?? ''}transportModel Newtonian;\n`,
          'constant/turbulenceProperties': `FoamFile { version 2.0; format ascii; class dictionary; object t; }\nsimulationType laminar;\n`,
        },
        { checkpointEveryMs: 20, ranks },
      );
      const outcome = await solve(job);
      const [note = ''] = outcome.kind === 'completed' ? outcome.notes : [JSON.stringify(outcome)];
      const [, iterations] = /^converged in (\d+) iterations$/.exec(note) ?? [];
      expect(iterations, note).not.to.equal(undefined);
      const times = pathsOf(partsOf(outcome)).map((path) => path.replace(/^processor0\//, ''));
      expect(times).to.include(`${iterations}/U`);
    });
  }

  it('solves a case with several processes and puts it together', async () => {
    const method = 'numberOfSubdomains 4; method scotch;';
    const job = await jobOf(
      cavity({
        'system/decomposeParDict': `FoamFile { version 2.0; format ascii; class dictionary; object d; }\n${method}\n`,
      }),
      { ranks: 2 },
    );
    const solving = await solve(job);
    const solved = partsOf(solving);
    expect(pathsOf(solved)).to.include.members(['processor0/0.5/U', 'processor1/0.5/U']);
    expect(pathsOf(solved)).not.to.include('processor2/0.5/U');
    const collecting = await run(job, 'collect/0', { inputs: { 'solve/0': solved } });
    const collected = partsOf(collecting);
    expect(pathsOf(collected)).to.include.members(['0.5/U', 'log.reconstructPar', 'log.icoFoam']);
    expect(pathsOf(collected).filter((path) => path.startsWith('processor'))).to.deep.equal([]);
  });

  it('runs the scripts of a case on the ranks of the work, and fails with a program that fails in one', async () => {
    const scripts = {
      'Allrun.pre': `${START}runApplication blockMesh\n`,
      Allrun: `${START}./Allrun.pre\nrunApplication decomposePar\nrunParallel $(getApplication)\nrunApplication reconstructPar\n`,
    };
    const job = await jobOf(cavity(scripts));
    const solved = partsOf(await solve(job));
    expect(pathsOf(solved)).to.include.members(['0.5/U', 'log.blockMesh', 'log.icoFoam']);
    const serial = { Allrun: `${START}./Allrun.pre\nrunApplication $(getApplication)\n` };
    const divided = partsOf(
      await solve(await jobOf(cavity({ ...scripts, ...serial }), { ranks: 2 })),
    );
    expect(pathsOf(divided)).to.include.members(['processor1/0.5/U', '0.5/U', 'log.icoFoam']);
    // Programs that listen to signals say so, which would be in the way of scripts that read them. A signal that comes when nothing
    // listens, as when a solver is about to end, ends nothing.
    const reading = {
      'Allrun.pre': `${START}runApplication blockMesh\nfoamListTimes -withZero > said\nkill -USR1 $$\n`,
    };
    const said = await textAt(partsOf(await mesh(await jobOf(cavity(reading)))), 'said');
    expect(said).to.equal('0\n');
    const failing = await jobOf(
      cavity({ ...scripts, Allrun: `${START}runApplication icoFoamm\necho fine\n` }),
    );
    const missing = { failureClass: 'PROGRAM_MISSING', names: ['icoFoamm'] };
    expect(await solve(failing)).to.deep.include(missing);
    const parallel = await jobOf(cavity(), { ranks: 2, solver: 'icoFoamm' });
    expect(await solve(parallel)).to.deep.include(missing);
  });

  it('lets the script of a case make the mesh that no dictionary tells, and says so', async () => {
    const { 'system/blockMeshDict': dictionary = '', ...rest } = cavity();
    const job = await jobOf({
      ...rest,
      'system/own/blockMeshDict': dictionary,
      Allrun: `${START}runApplication blockMesh -dict system/own/blockMeshDict\nrunApplication icoFoam\n`,
    });
    expect(await mesh(job)).to.have.deep.property('notes', [
      'no mesh yet, which Allrun has to make; nothing was checked',
    ]);
    expect(pathsOf(partsOf(await solve(job)))).to.include.members(['0.5/U', 'log.icoFoam']);
    expect(await mesh({ ...job, solver: 'icoFoam' })).to.include({ failureClass: 'CASE_INVALID' });
  });

  it('runs the programs that the work names', async () => {
    const job = await jobOf(cavity(), {
      steps: {
        mesh: [['blockMesh'], ['checkMesh', '-constant']],
        collect: [['postProcess', '-func', 'mag(U)']],
      },
      solver: 'pisoFoam',
    });
    const made = partsOf(await mesh(job));
    expect(pathsOf(made)).to.include('log.checkMesh');
    expect(await solve(job)).to.include({ failureClass: 'CASE_INVALID' });
    const icoFoam = { ...job, solver: 'icoFoam' };
    const inputs = { 'solve/0': partsOf(await solve(icoFoam)) };
    const collected = partsOf(await run(icoFoam, 'collect/0', { inputs }));
    expect(pathsOf(collected)).to.include('0.5/mag(U)');
  });
});
