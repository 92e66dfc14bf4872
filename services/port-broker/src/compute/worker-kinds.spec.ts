import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseWorkerKinds } from './worker-kinds.ts';

const problemOf = (text: string): string => {
  try {
    parseWorkerKinds(text);
    return '';
  } catch (thrown) {
    if (thrown instanceof SyntaxError) {
      return thrown.message;
    }
    throw thrown;
  }
};

describe('parseWorkerKinds', () => {
  it('reads lines, JSON, and JSON in lines', () => {
    const [phoebe, other] = parseWorkerKinds(
      'phoebe=/opt/py/bin/python -m phoebe_server.worker.phoebe_worker {port}\n\n other = {"argv": ["/bin/w", "--port={port}"], "memoryBytes": 1073741824, "commands": ["go"]}',
    );
    expect(phoebe?.argv).to.deep.equal([
      '/opt/py/bin/python',
      '-m',
      'phoebe_server.worker.phoebe_worker',
      '{port}',
    ]);
    expect(phoebe?.commands).to.include.members(['ping', 'run_compute', 'attach_parameters']);
    expect(phoebe?.env).to.deep.equal({ PHOEBE_ENABLE_ONLINE_PASSBANDS: 'FALSE' });
    expect(other).to.deep.include({
      name: 'other',
      memoryBytes: 1_073_741_824,
      commands: ['go'],
      wire: 'zmq-json',
    });
    expect(
      parseWorkerKinds('{"a": {"argv": ["/bin/w", "{port}"], "env": {"X": "1"}}}')[0]?.env,
    ).to.include({ X: '1' });
    expect(parseWorkerKinds('')).to.deep.equal([]);
  });

  it('says what is wrong', () => {
    for (const [text, why] of [
      ['phoebe', 'is not name='],
      ['Phoebe=/bin/w {port}', "kind's name"],
      ['a=w {port}', 'absolute path'],
      ['a=/bin/w', '{port}'],
      ['a=/bin/w {port}\na=/bin/v {port}', 'a is there twice'],
      ['{"a": ', 'no JSON'],
      ['{"a": {"argv": ["/bin/w", "{port}"], "wire": "http"}}', 'wire'],
      ['{"a": {"argv": ["/bin/w", "{port}"], "memory": 1}}', 'memory'],
    ] as const) {
      expect(problemOf(text), text).to.include(why);
    }
  });
});
