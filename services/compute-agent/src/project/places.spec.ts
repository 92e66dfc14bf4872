import { expect } from 'chai';
import { describe, it } from 'mocha';
import { placesOf } from './places.ts';

describe('placesOf', () => {
  it('names the fewest places, and those beside temporary files one by one', () => {
    const paths = ['a.blend', '/srv/x/a', '/srv/y', '/tmp/film/tex/a', '/tmp/b.png', '/tmp/film/b'];
    expect(placesOf(paths)).to.deep.equal(['/srv', '/tmp/b.png', '/tmp/film']);
  });
});
