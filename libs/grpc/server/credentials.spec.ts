import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { ConfigError, SYSTEM_CA } from '#libs/config/index.ts';
import { HealthService } from '#libs/contracts/health.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { eventually, fakeClock, needs, tempDir } from '#libs/testing/index.ts';
import { createClient } from '../client/create-client.ts';
import { failure, startEcho } from '../fixtures/echo.ts';
import { isLoopback, splitAddress } from '../loopback.ts';
import { targetOf } from './credentials.ts';

describe('listening', () => {
  it('refuses plain text on an address that others can reach, unless it is allowed', async () => {
    for (const listen of ['0.0.0.0:0', '[::]:0', 'muster.example:0', '10.0.0.1:0']) {
      const refused = await startEcho({}, { listen }).catch((error: unknown) => error);
      expect(refused, listen).to.be.instanceOf(ConfigError);
      expect(String(refused)).to.include('MUSTER_TLS_CERT').and.to.include('MUSTER_INSECURE=1');
    }
    await using open = await startEcho({}, { listen: '0.0.0.0:0', insecure: true });
    expect(await open.client.say({ text: 'in' })).to.deep.equal({ text: 'in' });
  });

  it('needs nothing on loopback', async () => {
    for (const listen of ['127.0.0.1:0', 'localhost:0']) {
      await using echo = await startEcho({}, { listen });
      expect(await echo.client.say({ text: listen })).to.deep.equal({ text: listen });
    }
  });

  it('reports a port that is taken', async () => {
    await using echo = await startEcho();
    const refused = await startEcho({}, { listen: `127.0.0.1:${echo.server.port}` }).catch(
      (error: unknown) => error,
    );
    expect(String(refused)).to.include('EADDRINUSE');
  });

  it('knows loopback and the target of an address', () => {
    expect(
      ['127.0.0.1', '127.9.9.9', '::1', 'localhost'].filter((host) => !isLoopback(host)),
    ).to.deep.equal([]);
    expect(
      ['128.0.0.1', '0.0.0.0', '::', '127.example', 'localhost.example'].filter(isLoopback),
    ).to.deep.equal([]);
    expect(splitAddress('[::1]:80')).to.deep.equal({ host: '::1', port: 80 });
    expect(targetOf('0.0.0.0', 1)).to.equal('ipv4:127.0.0.1:1');
    expect(targetOf('::1', 1)).to.equal('ipv6:[::1]:1');
    expect(targetOf('blob', 1)).to.equal('dns:///blob:1');
  });
});

/** A certificate for localhost that is its own authority, with its key. */
const selfSigned = async (
  dir: string,
  kind: 'ec -pkeyopt ec_paramgen_curve:prime256v1' | 'rsa:2048',
  name = 'localhost',
): Promise<{ cert: string; key: string }> => {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const request = `req -x509 -newkey ${kind} -nodes -days 1 -subj /CN=${name}`;
  const files = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert];
  await promisify(execFile)('openssl', [...request.split(' '), ...files]);
  return { cert, key };
};

/** The name in the certificate that a server shows; undefined if there is no handshake. */
const shownBy = (port: number, options: ConnectionOptions = {}): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost', rejectUnauthorized: false, ...options });
    socket.once('error', () => resolve(undefined));
    socket.once('secureConnect', () => {
      const { CN } = socket.getPeerCertificate().subject;
      resolve(Array.isArray(CN) ? CN[0] : CN);
      socket.destroy();
    });
  });

describe('TLS', () => {
  before(needs('openssl'));

  it('uses the given certificate, and serves only clients that trust its authority', async () => {
    await using dir = await tempDir();
    const tls = await selfSigned(dir.path, 'ec -pkeyopt ec_paramgen_curve:prime256v1');
    const listen = 'localhost:0';
    await using echo = await startEcho({}, { listen, tls }, { tls: { ca: tls.cert } });
    expect(await echo.client.say({ text: 'private' })).to.deep.equal({ text: 'private' });
    for (const clientTls of [undefined, {}, { ca: SYSTEM_CA }]) {
      await using stranger = await startEcho(
        {},
        {},
        { target: echo.server.address, tls: clientTls },
      );
      expect(await failure(stranger.client.say({ text: '' }))).to.include({
        code: status.UNAVAILABLE,
      });
    }
  });

  it('takes no cipher suite without authenticated encryption', async () => {
    await using dir = await tempDir();
    const tls = await selfSigned(dir.path, 'rsa:2048');
    await using echo = await startEcho({}, { listen: 'localhost:0', tls });
    const over12 = (ciphers: string) =>
      shownBy(echo.server.port, { maxVersion: 'TLSv1.2', ciphers });
    expect(await over12('ECDHE-RSA-AES128-GCM-SHA256')).to.equal('localhost');
    for (const weak of ['ECDHE-RSA-AES128-SHA256', 'ECDHE-RSA-AES256-SHA', 'AES128-GCM-SHA256']) {
      expect(await over12(weak), weak).to.equal(undefined);
    }
  });

  it('shows a renewed certificate to new connections, and the old one while the files do not fit', async () => {
    await using dir = await tempDir();
    await using other = await tempDir();
    const clock = fakeClock();
    const tls = await selfSigned(dir.path, 'rsa:2048', 'first');
    await using echo = await startEcho({}, { listen: 'localhost:0', tls, clock });
    const renewed = await selfSigned(other.path, 'rsa:2048', 'second');
    await copyFile(renewed.cert, tls.cert);
    const seen = () => shownBy(echo.server.port);
    await clock.advance(30_000);
    expect(await seen()).to.equal('first');
    await copyFile(renewed.key, tls.key);
    await eventually(async () => {
      await clock.advance(10_000);
      expect(await seen()).to.equal('second');
    });
  });
});

describe('a client', () => {
  it('sends no token in plain text to another machine, unless it is allowed', async () => {
    for (const target of [
      'ipv4:192.0.2.1:7401',
      'dns:///muster.example:7401',
      'muster.example:1',
      'ipv4:127.0.0.1:1,192.0.2.1:1',
    ]) {
      expect(() => createClient(HealthService, { target, token: 't' }), target)
        .to.throw(DomainError, target)
        .with.property('reason', 'PLAIN_TEXT_REFUSED');
      for (const allowed of [{ tls: {} }, { tls: { ca: SYSTEM_CA } }, { insecure: true }]) {
        createClient(HealthService, { target, token: 't', ...allowed }).close();
      }
    }
    for (const target of [
      'ipv4:127.0.0.1:1,127.0.0.2:1',
      'ipv6:[::1]:1',
      'dns:///localhost:1',
      'unix:/run/x',
    ]) {
      createClient(HealthService, { target, token: 't' }).close();
    }
  });
});
