import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  cavity,
  control,
  openfoamSuite,
  partsOf,
  pathsOf,
  textAt,
} from '../../fixtures/openfoam.ts';
import { moveParts, openBelow } from './case-files.ts';
import { systemRandom } from '#libs/random/index.ts';

const ORG = `/*--------------------------------*- C++ -*----------------------------------*\\
   \\\\    /   O peration     | Website:  https://openfoam.org
    \\\\  /    A nd           | Version:  13
\\*---------------------------------------------------------------------------*/
`;
const HEAD = 'FoamFile { version 2.0; format ascii; class dictionary; object d; }\n';
const START = '#!/bin/sh\n. ${WM_PROJECT_DIR:?}/bin/tools/RunFunctions\n';

describe('a case that the OpenFOAM engine refuses or holds', () => {
  const suite = openfoamSuite();
  type Over = Parameters<typeof suite.jobOf>[1];
  const jobOf = (files: Readonly<Record<string, string>>, over: Over = {}) =>
    suite.jobOf(cavity(files), over);
  const mesh = async (files: Readonly<Record<string, string>>, over: Over = {}) =>
    suite.mesh(await jobOf(files, over));
  const solve = async (files: Readonly<Record<string, string>>, over: Over = {}) =>
    suite.solve(await jobOf(files, over));

  it('refuses a case of the other distribution, and names what it needs', async () => {
    const text = control().slice(control().indexOf('FoamFile'));
    const outcome = await mesh({ 'system/controlDict': ORG + text });
    expect(outcome).to.deep.include({
      failureClass: 'ENGINE_UNAVAILABLE',
      reason: 'the case needs OpenFOAM of openfoam.org, which is not on this machine',
      names: ['OPENFOAM_ORG'],
    });
    expect(await mesh({}, { version: '2312' })).to.include({ failureClass: 'ENGINE_UNAVAILABLE' });
  });

  it('names file and line of code that is not allowed', async () => {
    const dictionary = cavity()['system/blockMeshDict'] ?? '';
    const files = { 'system/blockMeshDict': dictionary.replace('scale 0.1', 'scale #calc "0.1"') };
    const outcome = await mesh(files);
    expect(outcome).to.include({ failureClass: 'CODE_NOT_ALLOWED' });
    const line = dictionary.slice(0, dictionary.indexOf('scale')).split('\n').length;
    expect(outcome)
      .to.have.property('reason')
      .that.contains(`#calc at line ${line} of system/blockMeshDict`);
    const wanted = await mesh(files, { wantsCode: true });
    expect(wanted).to.deep.include({ failureClass: 'PROGRAM_MISSING', names: ['wmake'] });
  });

  it('finds code that only the program meets', async () => {
    const included = { 'hidden/entry': 'scale #calc "0.1";\n' };
    const dictionary = cavity()['system/blockMeshDict'] ?? '';
    const files = dictionary.replace('scale 0.1;', '#include "../hidden/entry"');
    const outcome = await mesh({ ...included, 'system/blockMeshDict': files });
    expect(outcome).to.include({ failureClass: 'CODE_NOT_ALLOWED' });
    expect(outcome).to.have.property('reason').that.contains('#calc at line 1');
  });

  it('names a program that is missing', async () => {
    const files = { 'system/controlDict': control('', 'noSuchFoam') };
    expect(await solve(files)).to.deep.include({
      failureClass: 'PROGRAM_MISSING',
      names: ['noSuchFoam'],
    });
    expect(await solve(files, { ranks: 2 })).to.deep.include({
      failureClass: 'PROGRAM_MISSING',
      names: ['noSuchFoam'],
    });
    expect(
      await mesh({ 'Allrun.pre': `${START}gnuplot x\nblockMesh\nnoSuchTool\n` }),
    ).to.deep.include({ failureClass: 'PROGRAM_MISSING', names: ['noSuchTool'] });
  });

  it('says what OpenFOAM says of a case that is wrong', async () => {
    const outcome = await solve({
      '0/p': 'FoamFile { version 2.0; format ascii; class volScalarField; object p; }\n',
    });
    expect(outcome).to.include({ failureClass: 'CASE_INVALID' });
    expect(outcome)
      .to.have.property('reason')
      .that.matches(/FOAM FATAL IO ERROR[^]*dimensions/);

    expect(await suite.mesh(await suite.jobOf({ readme: 'x' }))).to.include({
      failureClass: 'CASE_INVALID',
    });
  });

  it('reads nothing of the machine, runs no system call of a function object, and loads what is named', async () => {
    const secret = join(suite.folder(), 'secret');
    await writeFile(secret, 'nu 0.01;\n');
    const outside = await solve({
      'constant/transportProperties': `${HEAD}#include "${secret}"\n`,
    });
    expect(outside).to.include({ failureClass: 'CASE_INVALID' });
    expect(outside).to.have.property('reason').that.contains('Cannot open include file');
    const calls = `libs ("libfieldFunctionObjects.so");
functions { call { type systemCall; libs ("libutilityFunctionObjects.so");
  executeCalls ("touch called"); writeCalls ("touch called"); } }
InfoSwitches { allowSystemOperations 1; }`;
    const called = partsOf(await solve({ 'system/controlDict': control(calls) }));
    expect(pathsOf(called)).not.to.include('called');
    expect(await textAt(called, 'log.icoFoam')).to.match(/system calls may have been disabled/);
  });

  it('ends what takes too many processes, too much disk, too many files or too long', async () => {
    const script = (body: string) => ({ 'Allrun.pre': `#!/bin/bash\n${body}\n` });
    const bomb = await mesh(script('bomb() { bomb | bomb & }; bomb; sleep 60'));
    expect(bomb).to.have.property('kind', 'failed');
    const full = await mesh(script('head -c 300M /dev/zero > big; sleep 60'), {
      diskBytes: 64 * 1024 ** 2,
    });
    expect(full).to.include({ kind: 'failed', failureClass: 'RENDER_ERROR' });
    const many = await mesh(
      script('mkdir many; cd many; for i in {1..3000}; do echo > $i; done; cd ..; blockMesh'),
      { maxFiles: 2_000 },
    );
    expect(many).to.include({ failureClass: 'RENDER_ERROR' });
    expect(many).to.have.property('reason').that.contains('2000 files');
    const late = await mesh(script('sleep 60'), { stepTimeoutMs: 1_500 });
    expect(late).to.include({ failureClass: 'TIMEOUT' });
    expect(await readdir(join(suite.folder(), 'agent', 'cases'))).to.deep.equal([]);
  });

  it('takes no file of the machine for one of the case, through links in place of files and folders', async () => {
    const root = join(suite.folder(), 'links');
    await mkdir(join(root, 'real'), { recursive: true });
    await writeFile(join(root, 'real', 'file'), 'mine');
    await symlink('/etc', join(root, 'folder'));
    await symlink('/etc/passwd', join(root, 'file'));
    for (const path of ['folder/passwd', 'file', 'real/../file', '../links/file', 'real']) {
      const handle = await openBelow(root, path);
      expect(handle, path).to.equal(undefined);
    }
    const parts = await moveParts(
      root,
      ['real/file', 'file'],
      join(suite.folder(), 'out'),
      systemRandom,
    );
    expect(pathsOf(parts)).to.deep.equal(['real/file']);
    const linked = await mesh({
      'Allrun.pre': `${START}ln -s /etc/passwd 0/T\nln -s /etc 0/etc\nrunApplication blockMesh\n`,
    });
    expect(pathsOf(partsOf(linked)).filter((path) => /etc|\/T$/.test(path))).to.deep.equal([]);
  });
});
