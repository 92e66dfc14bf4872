import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isReady, parseReply } from './reply.ts';

const read = (text: string) => parseReply(Buffer.from(text));

describe('parseReply', () => {
  it('hands a reply on as it is, and tells whether it succeeded', async () => {
    const text = '{"success": true, "result": 12345678901234567890}';
    expect(await read(text)).to.deep.equal({ text, isSuccess: true, error: '' });
    expect(await read('{"success": false, "error": "no such twig"}')).to.include({
      isSuccess: false,
      error: 'no such twig',
    });
    expect(await read('{"success": false, "error": {"a": 1}}')).to.include({ error: '{"a": 1}' });
  });

  it('makes null of what Python writes and JSON does not have, and leaves texts alone', async () => {
    const said = '{"success": true, "result": [NaN, -Infinity, Infinity, "NaN or \\"Infinity\\""]}';
    expect(JSON.parse((await read(said)).text)).to.deep.equal({
      success: true,
      result: [null, null, null, 'NaN or "Infinity"'],
    });
  });

  it('refuses what is no object', async () => {
    for (const text of ['', 'sorry', '[]', 'null', '{"success": tru']) {
      expect(await read(text).catch((thrown: unknown) => thrown), text).to.be.an.instanceOf(
        SyntaxError,
      );
    }
  });
});

describe('isReady', () => {
  it('takes a status of ready, wherever a worker says it, and nothing else', () => {
    const answers = [
      '{"status": "ready"}',
      '{"success": true, "result": {"status": "ready"}}',
      '{"result": null}',
      '{}',
      'x',
    ];
    expect(answers.map((text) => isReady(Buffer.from(text)))).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
