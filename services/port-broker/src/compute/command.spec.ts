import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseCommand } from './command.ts';

const KNOWN = ['ping', 'get_value'];
const problemOf = async (text: string): Promise<string> => {
  try {
    return (await parseCommand(text, KNOWN)).text;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) {
      return `refused: ${thrown.message}`;
    }
    throw thrown;
  }
};

describe('parseCommand', () => {
  it('hands a command on as it was written', async () => {
    const text =
      ' {"command":\t"get_value", "n": 1.50, "big": 12345678901234567890, "e": -1E400, "s": "é\\n"} ';
    expect(await problemOf(text)).to.equal(text);
  });

  it('says what is wrong with anything else', async () => {
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
      ['{"command": "ping", "c\\u006fmmand": "get_value"}', 'has "command" twice'],
      ['{"command": ["ping"]}', 'names no command'],
      ['{"command": "eval"}', 'no command "eval"; there are ping, get_value'],
      ['{"command": "ping", "x": 1}', 'ping takes no arguments'],
      [`{"command": "get_value", "x": ${'9'.repeat(500)}}`, 'more than 400 characters'],
      [`{"command": "get_value", "x": ${'[{"a":'.repeat(60)}1${'}]'.repeat(60)}}`, 'nested'],
      [`{"command": "get_value", "x": "${'é'.repeat(5 * 1024 ** 2)}"}`, 'over 8 MiB'],
    ] as const) {
      expect(await problemOf(text), text.slice(0, 60))
        .to.match(/^refused/)
        .and.include(why);
    }
    // Brackets in texts nest nothing.
    expect(await problemOf(`{"command": "get_value", "x": "${'[\\"'.repeat(200)}"}`)).to.not.match(
      /^refused/,
    );
  });

  it('lets others have a turn while it reads one of millions of elements', async () => {
    const many = '1,'.repeat(1_000_000);
    let turns = 0;
    const count = (): void => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await parseCommand(`{"command": "get_value", "x": [${many}1]}`, KNOWN);
    clearImmediate(next);
    expect(turns).to.be.at.least(100);
  });
});
