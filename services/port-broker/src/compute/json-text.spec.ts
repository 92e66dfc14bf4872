import { expect } from 'chai';
import { describe, it } from 'mocha';
import { inSlices } from '#libs/async/index.ts';
import { readObject, type JsonRules } from './json-text.ts';

const STRICT = { maxDepth: 4, maxNumberChars: 20, takesNaN: false };
const read = (text: string, rules: Partial<JsonRules> = {}) =>
  inSlices(readObject(text, ['a', 'b'], { ...STRICT, ...rules }));
const isRead = (text: string): Promise<boolean> =>
  read(text).then(
    () => true,
    (thrown: unknown) => {
      if (thrown instanceof SyntaxError) {
        return false;
      }
      throw thrown;
    },
  );
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('readObject', () => {
  it('gives the texts of the values that were asked for, and counts the others', async () => {
    const text = '{"a": [1, {"a": "}"}], "c": 2, "\\u0062":"\\"", "a":null, "\\n": {}, "": 1 }';
    const { values, others } = await read(text);
    expect(Object.fromEntries(values)).to.deep.equal({
      a: ['[1, {"a": "}"}]', 'null'],
      b: ['"\\""'],
    });
    expect(others).to.equal(3);
  });

  it('takes exactly the objects that JSON.parse takes', async () => {
    const good = '{"a":[1,-0.5e+3,true,false,null,"x\\u00e9\\n"],"b":{"c":[]},"d":""}';
    const alphabet = ['"', ',', ':', '[', ']', '{', '}', '\\', '0', '-', '.', 'e', 'n', ' ', '\n'];
    let wrong = 0;
    for (let at = 0; at <= good.length; at += 1) {
      const [before, after, behind] = [good.slice(0, at), good.slice(at), good.slice(at + 1)];
      for (const text of [
        before,
        ...alphabet.flatMap((c) => [before + c + after, before + c + behind]),
      ]) {
        const isObject = isJson(text) && text.trim().startsWith('{');
        expect(await isRead(text), text).to.equal(isObject);
        wrong += isObject ? 0 : 1;
      }
    }
    expect(wrong).to.be.greaterThan(1_000);
    for (const text of ['', ' ', '[]', 'null', '"{}"', '\uFEFF{}', '{} {}', '{}x', '{"a":1}}']) {
      expect(await isRead(text), text).to.equal(false);
    }
  });

  it('bounds depth and the length of numbers', async () => {
    expect(await isRead('{"a":[[[1]]]}')).to.equal(true);
    expect(await isRead('{"a":[[[[1]]]]}')).to.equal(false);
    expect(await isRead('{"a":"[[[[[[[{"}')).to.equal(true);
    expect(await isRead(`{"a":${'1'.repeat(20)}}`)).to.equal(true);
    expect(await isRead(`{"a":${'1'.repeat(21)}}`)).to.equal(false);
  });

  it('makes null of NaN and Infinity where it takes them, and leaves strings alone', async () => {
    const said = '{"a":[NaN, -Infinity,Infinity,-1], "NaN":"NaN \\" NaN"}';
    expect(await isRead(said)).to.equal(false);
    const { text } = await read(said, { takesNaN: true });
    expect(text).to.equal('{"a":[null, null,null,-1], "NaN":"NaN \\" NaN"}');
    const wrong = await read('{"a":NaNs}', { takesNaN: true }).catch(String);
    expect(wrong).to.include('it has "s" as its character 9');
  });

  it('reads hostile texts of every form in slices', async () => {
    const long = 200_000;
    for (const [text, isFine] of [
      [`{"a":[${'NaN,'.repeat(long)}1]}`, true],
      [`{"${'x'.repeat(long)}":1}`, true],
      [`{"a":"${'\\"'.repeat(long)}"}`, true],
      [`{${'"a":1,'.repeat(long)}"a":1}`, true],
      [`{"a":1${' '.repeat(long)}}`, true],
      [`{"a":"${'\\"'.repeat(long)}`, false],
      [`{"a":${'-'.repeat(long)}`, false],
      [`{"a":${'['.repeat(long)}`, false],
    ] as const) {
      const work = readObject(text, ['a'], { ...STRICT, takesNaN: true });
      let slices = 1;
      let isRight = true;
      try {
        while (work.next().done !== true) {
          slices += 1;
        }
      } catch {
        isRight = false;
      }
      expect(isRight, text.slice(0, 20)).to.equal(isFine);
      if (isFine) {
        expect(slices, text.slice(0, 20)).to.be.at.least(Math.floor(text.length / 20_000));
      }
    }
  });
});
