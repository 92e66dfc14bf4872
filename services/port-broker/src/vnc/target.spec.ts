import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { parseNetworks } from '#libs/config/index.ts';
import { addressOf, parseTarget } from './target.ts';

describe('parseTarget', () => {
  it('reads names and addresses with a port, and nothing else', () => {
    expect(parseTarget('web-1.lab:5901')).to.deep.equal({ host: 'web-1.lab', port: 5_901 });
    expect(parseTarget('[fd00::7]:5900')).to.deep.equal({ host: 'fd00::7', port: 5_900 });
    for (const text of [
      '',
      'web',
      ':5900',
      'web:',
      'web:0',
      'web:65536',
      '::1:5900',
      '[web]:1',
      '-x:1',
      'a b:1',
      'a:1\n',
    ]) {
      expect(parseTarget(text), JSON.stringify(text)).to.equal(undefined);
    }
  });
});

describe('addressOf', () => {
  const reason = (host: string, networks: readonly string[]): Promise<string> =>
    addressOf({ host, port: 1 }, parseNetworks(networks)).catch((thrown: unknown) =>
      isDomainError(thrown) ? thrown.reason : String(thrown),
    );

  it('keeps to the networks, also for addresses of IPv4 written as IPv6', async () => {
    expect(await reason('10.1.2.3', ['10.0.0.0/8'])).to.equal('10.1.2.3');
    expect(await reason('::ffff:10.1.2.3', ['10.0.0.0/8'])).to.equal('::ffff:10.1.2.3');
    expect(await reason('fd00::1', ['fd00::/8'])).to.equal('fd00::1');
    expect(await reason('10.1.2.3', ['10.1.2.3'])).to.equal('10.1.2.3');
    for (const host of ['11.1.2.3', '::ffff:11.1.2.3', 'fe80::1', '127.0.0.1']) {
      expect(await reason(host, ['10.0.0.0/8', 'fd00::/8'])).to.equal('TARGET_NOT_ALLOWED');
    }
    expect(await reason('10.1.2.3', [])).to.equal('TARGET_NOT_ALLOWED');
  });

  it('says which network is none', () => {
    for (const text of ['here', '10.0.0.0/33', '10.0.0.0/x', 'fd00::/129', '/8']) {
      expect(() => parseNetworks([text]), text).to.throw(SyntaxError, text);
    }
  });
});
