import { expect } from 'chai';
import { describe, it } from 'mocha';
import { depthOf, withoutNaN } from './json-text.ts';

/** Texts on which a pattern would begin anew at each of the characters. */
const HOSTILE = [
  '"\\'.repeat(500_000),
  '\\"'.repeat(500_000),
  '"'.repeat(1_000_000),
  '-'.repeat(1_000_000),
];

describe('depthOf', () => {
  it('counts what is open at once, and nothing in strings', () => {
    expect(depthOf('{"a": [1, {"b": []}], "c": "[[[[[", "d\\"": "\\\\"}')).to.equal(4);
    expect(depthOf('"no end [[[')).to.equal(0);
    expect(depthOf('[]]]][')).to.equal(1);
  });

  it('looks at each character of a hostile text once', () => {
    for (const text of HOSTILE) {
      expect(depthOf(`[${text}`)).to.equal(1);
    }
  });
});

describe('withoutNaN', () => {
  it('leaves strings and other words alone', () => {
    expect(withoutNaN('[NaN, -Infinity, "NaN \\" NaN", Infinity]NaNs')).to.equal(
      '[null, null, "NaN \\" NaN", null]NaNs',
    );
  });

  it('gives a hostile text back as it was', () => {
    for (const text of HOSTILE) {
      expect(withoutNaN(text) === text).to.equal(true);
    }
  });
});
