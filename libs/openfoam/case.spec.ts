import { expect } from 'chai';
import { describe, it } from 'mocha';
import { meshCheckOf } from './check-mesh.ts';
import { codeIn, codeMet } from './code.ts';
import { topEntries } from './dictionary.ts';
import { recorded } from './fixtures/logs.ts';
import { readHead, solverOf } from './head.ts';
import { deriveSteps, hasMesh } from './steps.ts';
import { completeTimes, flawOf, hasFooter, timesIn } from './times.ts';

const COM = `/*--------------------------------*- C++ -*----------------------------------*\\
| \\\\      /  F ield         | OpenFOAM: The Open Source CFD Toolbox           |
|  \\\\    /   O peration     | Version:  v1912                                 |
|   \\\\  /    A nd           | Website:  www.openfoam.com                      |
\\*---------------------------------------------------------------------------*/
`;
const ORG = `/*--------------------------------*- C++ -*----------------------------------*\\
  \\\\      /  F ield         | OpenFOAM: The Open Source CFD Toolbox
   \\\\    /   O peration     | Website:  https://openfoam.org
    \\\\  /    A nd           | Version:  13
\\*---------------------------------------------------------------------------*/
`;
const none = new Set<string>();

describe('topEntries', () => {
  it('reads the last entry of each name, without comments, blocks and directives', () => {
    const text = `
      FoamFile { version 2.0; application no; }
      // application commented;
      /* application commented; */
      #include "settings"
      application     icoFoam;
      functions { f { endTime 7; } }
      libs ("libA.so" "libB.so");
      endTime 1; endTime 2;`;
    const entries = topEntries(text);
    expect(Object.fromEntries(entries)).to.include({
      application: 'icoFoam',
      endTime: '2',
      FoamFile: '{}',
      functions: '{}',
    });
  });

  it('takes rubbish without an end', () => {
    for (const text of [
      '',
      '}}}',
      '"',
      '/*',
      '#{',
      '((((',
      'a',
      ';;;',
      '\\',
      '"\\',
      '{'.repeat(1e5),
    ]) {
      expect(() => topEntries(text)).not.to.throw();
      expect(() => codeIn(`coded${text}`)).not.to.throw();
    }
  });
});

describe('readHead', () => {
  it('tells the distribution and its version by the banner', () => {
    expect(readHead(`${COM}application icoFoam;`, none)).to.deep.include({
      distribution: 'OPENFOAM_COM',
      version: '1912',
      application: 'icoFoam',
    });
    expect(readHead(`${ORG}solver incompressibleFluid;`, none)).to.deep.include({
      distribution: 'OPENFOAM_ORG',
      version: '13',
      solver: 'incompressibleFluid',
    });
  });

  it('tells it without a banner by the way the case is written', () => {
    const of = (text: string, ...files: string[]) => readHead(text, new Set(files)).distribution;
    expect(of('solver fluid;')).to.equal('OPENFOAM_ORG');
    expect(of('application foamRun;')).to.equal('OPENFOAM_ORG');
    expect(of('application x;', 'constant/momentumTransport')).to.equal('OPENFOAM_ORG');
    expect(of('application x;', 'constant/turbulenceProperties')).to.equal('OPENFOAM_COM');
    expect(of('application x;')).to.equal(undefined);
  });

  it('reads the end, and no application that is a macro or nonsense', () => {
    expect(readHead('endTime 0.5;', none).endTime).to.equal(0.5);
    expect(readHead('endTime $end;', none).endTime).to.equal(undefined);
    for (const bad of ['$app', '"../evil"', '/bin/sh', '#calc "x"']) {
      expect(readHead(`application ${bad};`, none).application, bad).to.equal(undefined);
    }
  });

  it('finds the solver by the rule of the Foundation', () => {
    const of = (text: string) => solverOf(readHead(text, none));
    expect(of('application icoFoam; solver fluid;')).to.equal('icoFoam');
    expect(of('solver fluid;')).to.equal('foamRun');
    expect(of('regionSolvers { a fluid; }')).to.equal('foamMultiRun');
    expect(of('applicationClass icoFoam;')).to.equal(undefined);
  });
});

describe('codeIn', () => {
  it('names code and its line', () => {
    expect(codeIn('a 1;\nb #calc "1+1";')).to.deep.equal({ what: '#calc', line: 2 });
    expect(codeIn('/*\n\n*/ x #codeStream\n{}')).to.deep.equal({ what: '#codeStream', line: 3 });
    expect(codeIn('inlet\n{\n type codedFixedValue;\n}')).to.deep.equal({
      what: 'codedFixedValue',
      line: 3,
    });
    expect(codeIn('f { type coded; }')?.what).to.equal('coded');
    expect(codeIn('coded { codeWrite #{ system("x"); #}; }')?.what).to.equal('codeWrite');
  });

  it('takes comments, strings, other words and what is not compiled for no code', () => {
    for (const text of [
      '// #calc "1"',
      '/* type coded; */',
      'note "#calc is code; type coded;";',
      'x #eval{ 1 + 1 };',
      'encoded yes; type encodedThing;',
      '#include "calc"',
      'codedName 5;',
    ]) {
      expect(codeIn(text), text).to.equal(undefined);
    }
  });

  it('finds what a program said of code', () => {
    const said = 'x\nUsing #calc at line 35 in file "/work/system/blockMeshDict"\n';
    expect(codeMet(said)).to.deep.equal({
      what: '#calc',
      line: 35,
      file: '/work/system/blockMeshDict',
    });
    expect(codeMet('no code')).to.equal(undefined);
  });
});

describe('times', () => {
  it('keeps names as they are and orders them as numbers', () => {
    const names = [
      '0.orig',
      '10',
      '0.30000001',
      '0',
      '0b',
      'constant',
      '1e-05',
      '0.org',
      '2',
      '-180',
    ];
    expect(timesIn(names)).to.deep.equal(['-180', '0', '1e-05', '0.30000001', '2', '10']);
  });

  it('takes a time for complete when a later step is being solved, or at the end', () => {
    const times = ['0', '0.1', '0.2'];
    const before = { isEnded: false, solvingAt: 0.2 };
    expect(completeTimes(times, before)).to.deep.equal(['0', '0.1']);
    expect(completeTimes(times, { ...before, solvingAt: undefined })).to.deep.equal([]);
    expect(completeTimes(times, { ...before, isEnded: true })).to.deep.equal(times);
  });

  it('knows a file that was cut by its end', () => {
    expect(
      hasFooter(
        '}\n\n// ************************************************************************* //\n',
      ),
    ).to.equal(true);
    expect(hasFooter('(0 0 0')).to.equal(false);
  });

  it('finds what a time lacks that all earlier ones have', () => {
    const whole = (...paths: string[]) => paths.map((path) => ({ path, isWhole: true }));
    const earlier = [new Set(['U', 'p', 'phi', 'vorticity']), new Set(['U', 'p', 'phi'])];
    expect(flawOf(whole('U', 'p', 'phi'), earlier)).to.equal(undefined);
    expect(flawOf(whole('U', 'p'), earlier)).to.equal('phi is missing');
    expect(flawOf([{ path: 'U', isWhole: false }], [])).to.equal('U has no end');
    expect(flawOf([], [])).to.equal('it is empty');
  });
});

describe('deriveSteps', () => {
  const head = readHead('application icoFoam;', none);
  const steps = (...files: string[]) => deriveSteps(head, new Set(files));
  const names = (actions: readonly { kind: string }[]) =>
    actions.map((action) =>
      'command' in action ? (action.command as { program: string }).program : action.kind,
    );

  it('makes the mesh by the dictionaries and copies the fields after it', () => {
    const { mesh, solve } = steps(
      'system/setFieldsDict',
      'system/topoSetDict',
      'system/blockMeshDict',
      '0.orig/U',
    );
    expect(names(mesh)).to.deep.equal(['blockMesh', 'topoSet', 'restore-zero', 'setFields']);
    expect(names(solve)).to.deep.equal(['restore-zero', 'solver']);
    expect(names(steps('constant/polyMesh/blockMeshDict').mesh)).to.deep.equal(['blockMesh']);
  });

  it('leaves the steps to scripts of the case where they are there', () => {
    const { mesh, solve } = steps('Allrun.pre', 'Allrun', 'system/blockMeshDict');
    expect([mesh, solve]).to.deep.equal([
      [{ kind: 'script', name: 'Allrun.pre' }],
      [{ kind: 'script', name: 'Allrun' }],
    ]);
    expect(names(steps('Allrun', 'system/blockMeshDict', '0.orig/U').mesh)).to.deep.equal([
      'blockMesh',
    ]);
  });

  it('takes the solver that was chosen in place of the script', () => {
    const { solve } = deriveSteps(head, new Set(['Allrun']), { solver: 'pisoFoam' });
    expect(solve).to.deep.equal([{ kind: 'solver', program: 'pisoFoam' }]);
  });

  it('knows a mesh that lies in the case', () => {
    expect(hasMesh(['constant/polyMesh/faces.gz'])).to.equal(true);
    expect(hasMesh(['constant/polyMesh/blockMeshDict'])).to.equal(false);
  });
});

describe('meshCheckOf', () => {
  it('tells cells and verdict of a good and of a bad mesh', () => {
    const good = meshCheckOf(recorded('checkMesh').toString());
    expect(good).to.deep.equal({ cells: 400, failed: 0, lines: [] });
    const bad = meshCheckOf(recorded('checkMesh-failed').toString());
    expect(bad).to.include({ cells: 400, failed: 2 });
    expect(bad?.lines[1]).to.match(/^Max skewness = 20\.9217, 338 highly skew faces/);
  });

  it('has no verdict where checkMesh did not come to one', () => {
    expect(meshCheckOf('    cells:            400\n--> FOAM FATAL ERROR')).to.equal(undefined);
    expect(meshCheckOf('')).to.equal(undefined);
  });
});
