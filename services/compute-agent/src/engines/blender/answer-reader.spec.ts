import { expect } from 'chai';
import { describe, it } from 'mocha';
import { answerReader } from './answer-reader.ts';

const read = (output: string | Buffer, chunkBytes: number): unknown[] => {
  const found: unknown[] = [];
  const feed = answerReader((message) => found.push(message));
  const bytes = Buffer.from(output);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    feed(bytes.subarray(at, at + chunkBytes));
  }
  return found;
};

describe('answerReader', () => {
  const output =
    'Blender 3.4.1\nFra:1 Me\n\x1e{"id": "a", "ok": true}\nm:9.05M\n{"id":"none"}\n\x1e{"id":"b"}\n\x1e{"id":"c"}\nquit';

  for (const bytes of [1, 2, 7, 1_000]) {
    it(`finds the answers among other output, in chunks of ${bytes}`, () => {
      expect(read(output, bytes)).to.deep.equal([{ id: 'a', ok: true }, { id: 'b' }, { id: 'c' }]);
    });
  }

  it('finds an answer that begins in the middle of a line', () => {
    expect(read('Saved: \x1e{"id":"a"}\n', 5)).to.deep.equal([{ id: 'a' }]);
  });

  it('skips a marked line that is not JSON, and an answer without an end', () => {
    expect(read('\x1enot json\n\x1e\n\x1e{"id":"a"}\n\x1e{"id":"cut"', 3)).to.deep.equal([
      { id: 'a' },
    ]);
  });

  it('drops a line that is longer than any answer, and goes on after it', () => {
    const flood = Buffer.concat([
      Buffer.from('\x1e'),
      Buffer.alloc(9 * 1024 ** 2, 'x'),
      Buffer.from('\n\x1e{"id":"a"}\n'),
    ]);
    expect(read(flood, 65_536)).to.deep.equal([{ id: 'a' }]);
  });
});
