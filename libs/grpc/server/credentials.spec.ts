import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { ConfigError } from '#libs/config/index.ts';
import { status } from '#libs/errors/index.ts';
import { needs, tempDir } from '#libs/testing/index.ts';
import { failure, startEcho } from '../fixtures/echo.ts';
import { isLoopback, splitAddress, targetOf } from './credentials.ts';

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

describe('TLS', () => {
  before(needs('openssl'));

  it('uses the given certificate, and serves only clients that trust its authority', async () => {
    await using dir = await tempDir();
    const [cert, key] = [join(dir.path, 'cert.pem'), join(dir.path, 'key.pem')];
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost';
    const files = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert];
    await promisify(execFile)('openssl', [...request.split(' '), ...files]);
    const tls = { cert, key };
    const listen = 'localhost:0';
    await using echo = await startEcho({}, { listen, tls }, { tls: { ca: cert } });
    expect(await echo.client.say({ text: 'private' })).to.deep.equal({ text: 'private' });
    for (const clientTls of [undefined, {}]) {
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
});
