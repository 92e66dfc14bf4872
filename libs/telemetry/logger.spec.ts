import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createLogger, type Logger, startTrace, withTrace } from './index.ts';

const logged = (write: (log: Logger) => void): { text: string; line: Record<string, unknown> } => {
  let text = '';
  const log = createLogger({
    service: 'spec',
    level: 'debug',
    destination: { write: (chunk) => void (text += chunk) },
  });
  write(log);
  const line: Record<string, unknown> = JSON.parse(text);
  return { text, line };
};

const nth = (i: number): string => `value ${i}`;

describe('createLogger', () => {
  it('writes level, time, service and text as one line of JSON', () => {
    const { text, line } = logged((log) => log.warn({ workload: 'w-1' }, 'slow'));
    expect(text.split('\n')).to.have.lengthOf(2);
    expect(line).to.include({ level: 'warn', service: 'spec', workload: 'w-1', msg: 'slow' });
    expect(Date.parse(String(line['time']))).to.be.a('number');
  });

  it('leaves out secrets by their name, at any depth, in any case, and in fields of a child', () => {
    const secret = 'hunter2';
    const { text } = logged((log) =>
      log.child({ token: secret }).info(
        {
          Authorization: secret,
          meshSecret: secret,
          nested: [{ db: { password: secret, privateJwk: { d: secret } } }],
          bytes: Buffer.from(secret),
        },
        'start',
      ),
    );
    expect(text).not.to.include(secret);
    expect(text).not.to.include(Buffer.from(secret).toString('base64'));
  });

  it('leaves credentials out of texts, arguments, errors and their causes', () => {
    const cause = new Error('cannot reach mongodb://root:hunter2@db/x');
    const error = Object.assign(new Error('Bearer hunter2 was refused', { cause }), {
      request: { secret: 'hunter2' },
    });
    for (const write of [
      (log: Logger) => log.error({ err: error }, 'failed'),
      (log: Logger) => log.error(error),
      (log: Logger) => log.error({ err: error }),
      (log: Logger) => log.error('AccountKey=hunter2;x %s', 'nats://a:hunter2@h'),
      (log: Logger) => log.error({ url: 'https://a/b?sv=1&sig=hunter2' }, 'url nats://hunter2@h'),
    ]) {
      expect(logged(write).text).not.to.include('hunter2');
    }
    expect(logged((log) => log.error({ err: error }, 'failed')).line['err']).to.include.keys(
      'type',
      'stack',
      'cause',
    );
  });

  it('cuts what strangers wrote, and takes no longer than reading it', () => {
    const hostile = ['a.'.repeat(500_000), '://'.repeat(300_000), 'bearer '.repeat(100_000)];
    for (const text of hostile) {
      for (const write of [
        (log: Logger) => log.info({ id: text }, 'refused'),
        (log: Logger) => log.info(text),
        (log: Logger) => log.error({ err: new Error(text) }, 'failed'),
      ]) {
        expect(logged(write).text.length).to.be.lessThan(20_000);
      }
    }
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`id-${i}`, nth(i)]));
    expect(
      logged((log) => log.info({ many, list: Object.values(many) }, 'x')).text.length,
    ).to.be.lessThan(200_000);
  });

  it('leaves no half of a secret where it cuts', () => {
    const text = `${'x '.repeat(32_740)} nats://root:hunter2@host`;
    for (let lead = 0; lead < 60; lead += 1) {
      expect(logged((log) => log.info({ id: text.slice(lead) }, 'x')).text).not.to.include(
        'hunter',
      );
    }
  });

  it('survives values that have no JSON', () => {
    const cycle: Record<string, unknown> = { big: 1n };
    cycle['self'] = cycle;
    expect(logged((log) => log.info({ cycle }, 'odd')).line['msg']).to.equal('odd');
  });

  it('writes the trace of the work', () => {
    const trace = startTrace();
    expect(withTrace(trace, () => logged((log) => log.info('x'))).line['traceId']).to.equal(
      trace.traceId,
    );
    expect(logged((log) => log.info('x')).line).not.to.have.property('traceId');
  });
});
