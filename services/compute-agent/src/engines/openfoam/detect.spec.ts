import { expect } from 'chai';
import { describe, it } from 'mocha';
import { findingIn } from './detect.ts';

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
