import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseNetworks } from '#libs/config/index.ts';
import { isOpenAddress, parseWebhookUrl } from './address.ts';

const none = parseNetworks([]);

describe('addresses of webhooks', () => {
  it('are public ones, in whatever spelling', () => {
    const closed =
      '127.0.0.1 127.9.9.9 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 255.255.255.255 ' +
      ':: ::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 fe80::1 fe80::1%eth0 fd00:ec2::254 fc00::1 ff02::1 64:ff9b::7f00:1 2002:7f00:1:: nonsense';
    for (const address of closed.split(' ')) {
      expect(isOpenAddress(address, none), address).to.equal(false);
    }
    for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1']) {
      expect(isOpenAddress(address, none), address).to.equal(true);
    }
  });

  it('are also those that an operator allows', () => {
    const allowed = parseNetworks(['10.1.0.0/16', 'fd00::/8']);
    const open = (address: string): boolean => isOpenAddress(address, allowed);
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd00::1'].map(open)).to.deep.equal([true, true, true]);
    expect(['10.2.2.3', '127.0.0.1', 'fe80::1'].map(open)).to.deep.equal([false, false, false]);
  });

  it('are written as URLs of http and https without a password', () => {
    expect(parseWebhookUrl('https://Example.org/a?b#c')).to.equal('https://example.org/a?b');
    expect(parseWebhookUrl('http://2130706433/')).to.equal('http://127.0.0.1/');
    for (const text of [
      'file:///etc/passwd',
      'https://a:b@c/',
      '/x',
      `https://a/${'x'.repeat(2_000)}`,
    ]) {
      expect(parseWebhookUrl(text), text).to.equal(undefined);
    }
  });
});
