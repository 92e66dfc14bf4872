import { expect } from 'chai';
import { describe, it } from 'mocha';
import { toServers } from './servers.ts';

describe('toServers', () => {
  it('takes user and password out of the URL, which the client would ignore', () => {
    expect(toServers({ url: 'nats://muster:p%40ss@127.0.0.1:4333' })).to.deep.equal({
      servers: ['127.0.0.1:4333'],
      user: 'muster',
      pass: 'p@ss',
    });
  });

  it('prefers credentials beside the URL', () => {
    const options = toServers({ url: 'nats://a:b@h', user: 'c', password: 'd' });
    expect(options).to.include({ user: 'c', pass: 'd' });
    expect(toServers({ url: 'nats://a:b@h', token: 't' })).to.deep.equal({
      servers: ['h:4222'],
      token: 't',
    });
  });

  it('takes the servers of a cluster, and encrypts if one URL says so', () => {
    expect(toServers({ url: 'tls://a:b@one, nats://two:5000' })).to.deep.equal({
      servers: ['one:4222', 'two:5000'],
      user: 'a',
      pass: 'b',
      tls: {},
    });
  });

  it('refuses a malformed address without repeating it', () => {
    for (const url of ['', 'nats://', 'http://u:secret@h:1', 'secret']) {
      expect(() => toServers({ url }), url)
        .to.throw(TypeError, /must look like/)
        .with.property('message')
        .that.does.not.include('secret');
    }
  });
});
