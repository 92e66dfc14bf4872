import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseCommand } from './command.ts';

const KNOWN = ['ping', 'get_value'];
const problemOf = (text: string): string => {
  try {
    return parseCommand(text, KNOWN).text;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) {
      return `refused: ${thrown.message}`;
    }
    throw thrown;
  }
};

describe('parseCommand', () => {
  it('writes a command anew, with its numbers as they were', () => {
    expect(
      problemOf(
        ' {"command":\t"get_value", "n": 1.50, "big": 12345678901234567890, "e": -1E400, "s": "é\\n"} ',
      ),
    ).to.equal('{"command":"get_value","n":1.50,"big":12345678901234567890,"e":-1E400,"s":"é\\n"}');
    expect(problemOf('{"command": "ping", "command": "get_value"}')).to.equal(
      '{"command":"get_value"}',
    );
  });

  it('says what is wrong with anything else', () => {
    for (const [text, why] of [
      ['', 'no JSON'],
      ['\uFEFF{"command": "ping"}', 'no JSON'],
      ['{"command": "ping"} {}', 'no JSON'],
      ['{"command": "get_value", "x": NaN}', 'no JSON'],
      ['[]', 'no JSON object'],
      ['null', 'no JSON object'],
      ['12', 'no JSON object'],
      ['"ping"', 'no JSON object'],
      ['{}', 'names no command'],
      ['{"command": ["ping"]}', 'names no command'],
      ['{"command": "eval"}', 'no command "eval"; there are ping, get_value'],
      ['{"command": "ping", "x": 1}', 'ping takes no arguments'],
      [`{"command": "get_value", "x": ${'9'.repeat(500)}}`, 'more than 400 characters'],
      [`{"command": "get_value", "x": ${'[{"a":'.repeat(60)}1${'}]'.repeat(60)}}`, 'nested'],
      [`{"command": "get_value", "x": "${'é'.repeat(5 * 1024 ** 2)}"}`, 'over 8 MiB'],
    ] as const) {
      expect(problemOf(text), text.slice(0, 60))
        .to.match(/^refused/)
        .and.include(why);
    }
    // Brackets in texts nest nothing.
    expect(problemOf(`{"command": "get_value", "x": "${'[\\"'.repeat(200)}"}`)).to.not.match(
      /^refused/,
    );
  });
});
