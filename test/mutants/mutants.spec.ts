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
    for (const { name, caughtBy } of mutants) {
      expect(caughtBy, name).to.not.equal('');
    }
  });

  it('all still apply, each by itself', async () => {
    for (const mutant of mutants) {
      await copy.plant(mutant);
      await copy.pull(mutant);
    }
  });

  it('all compile, as many as apply beside each other at a time', async () => {
    let left = mutants;
    while (left.length > 0) {
      const planted: Mutant[] = [];
      for (const mutant of left) {
        const applies = await copy.plant(mutant).then(
          () => true,
          () => false,
        );
        if (applies) {
          planted.push(mutant);
        }
      }
      expect(planted.length).to.be.above(0);
      expect(await copy.typeCheck()).to.equal('');
      for (const mutant of planted.toReversed()) {
        await copy.pull(mutant);
      }
      left = left.filter((mutant) => !planted.includes(mutant));
    }
  });
});
