import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { copyTree, listMutants, type Copy, type Mutant } from './mutants.ts';

describe('mutants', function () {
  this.timeout(120_000);
  let copy: Copy;
  let mutants: Mutant[];
  before(async () => {
    copy = await copyTree();
    mutants = await listMutants();
    expect(await copy.typeCheck()).to.equal('');
  });
  after(() => copy[Symbol.asyncDispose]());

  it('are at least seventeen, and each says what catches it', () => {
    expect(mutants.length).to.be.at.least(17);
    for (const { name, caughtBy } of mutants) expect(caughtBy, name).to.not.equal('');
  });

  it('all still apply and compile', async () => {
    for (const mutant of mutants) {
      await copy.plant(mutant);
      expect(await copy.typeCheck(), mutant.name).to.equal('');
      await copy.pull(mutant);
    }
  });
});
