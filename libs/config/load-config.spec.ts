import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { promisify } from 'node:util';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { needs, tempDir } from '#libs/testing/index.ts';
import {
  boolean,
  ConfigError,
  duration,
  type Environment,
  grpcTarget,
  identifier,
  integer,
  list,
  listenAddress,
  loadConfig,
  oneOf,
  secret,
  size,
  text,
  tlsFiles,
  tlsVariables,
  url,
  withFlags,
} from './index.ts';

const schema = z.object({
  MUSTER_LISTEN: listenAddress(),
  MUSTER_TIMEOUT: duration({ minMs: 1_000 }).prefault('30s'),
  MUSTER_CACHE: size().optional(),
  MUSTER_MESH_SECRET: secret({ minChars: 8 }),
});

const good = { MUSTER_LISTEN: '127.0.0.1:0', MUSTER_MESH_SECRET: 'long enough' };

const problemsOf = (read: () => unknown): ConfigError['problems'] => {
  try {
    read();
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(ConfigError);
    return thrown instanceof ConfigError ? thrown.problems : [];
  }
  throw new Error('nothing was refused');
};

describe('loadConfig', () => {
  const dir = mkdtempSync(join(tmpdir(), 'config-'));
  const file = (name: string, content: string): string => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  after(() => rmSync(dir, { recursive: true }));

  it('gives typed values, and defaults for what is empty or not set, and nothing beside the schema', () => {
    expect(loadConfig(schema, { ...good, MUSTER_TIMEOUT: '', HOME: '/root' })).to.deep.equal({
      ...good,
      MUSTER_TIMEOUT: 30_000,
    });
  });

  it('names every wrong variable at once, one line each, with an example and without the value', () => {
    const env = {
      MUSTER_LISTEN: 'nowhere',
      MUSTER_TIMEOUT: '5',
      MUSTER_CACHE: 'much',
      MUSTER_MESH_SECRET: 'hunter2',
    };
    let message = '';
    try {
      loadConfig(schema, env);
    } catch (thrown) {
      message = String(thrown instanceof ConfigError && thrown.message);
    }
    expect(message.split('\n')).to.deep.equal([
      'MUSTER_LISTEN must be host:port (example: 127.0.0.1:7401)',
      'MUSTER_TIMEOUT must be a number with its unit: ms, s, m, h or d (example: 30s)',
      'MUSTER_CACHE must be a number with its unit: B, KiB, MiB, GiB or TiB (example: 64MiB)',
      'MUSTER_MESH_SECRET must have at least 8 characters',
    ]);
  });

  it('tells that a missing variable must be set', () => {
    expect(problemsOf(() => loadConfig(schema, {}))).to.deep.equal([
      { name: 'MUSTER_LISTEN', problem: 'must be set', example: '127.0.0.1:7401' },
      { name: 'MUSTER_MESH_SECRET', problem: 'must be set', example: undefined },
    ]);
  });

  it('takes a secret from the file that X_FILE names, without the newline at its end', () => {
    const env = {
      MUSTER_LISTEN: 'localhost:0',
      MUSTER_MESH_SECRET_FILE: file('secret', 'from a file\n'),
    };
    expect(loadConfig(schema, env).MUSTER_MESH_SECRET).to.equal('from a file');
  });

  it('refuses a secret that is given twice, or whose file is missing or empty', () => {
    const wrong: [Environment, RegExp][] = [
      [{ MUSTER_MESH_SECRET_FILE: file('one', 'long enough') }, /^MUSTER_MESH_SECRET is set both/],
      [
        { MUSTER_MESH_SECRET: '', MUSTER_MESH_SECRET_FILE: join(dir, 'none') },
        /^MUSTER_MESH_SECRET_FILE names a file that cannot/,
      ],
      [
        { MUSTER_MESH_SECRET: '', MUSTER_MESH_SECRET_FILE: file('empty', '\n') },
        /^MUSTER_MESH_SECRET_FILE names an empty/,
      ],
    ];
    for (const [env, expected] of wrong) {
      const problems = problemsOf(() => loadConfig(schema, { ...good, ...env }));
      expect(problems).to.have.lengthOf(1);
      expect(problems.map(({ name, problem }) => `${name} ${problem}`)[0]).to.match(expected);
    }
  });
});

describe('withFlags', () => {
  it('lays flags over the environment', () => {
    const env = withFlags(schema, { ...good, MUSTER_CACHE: '1GiB' }, [
      '--listen',
      '[::1]:80',
      '--cache=2MiB',
    ]);
    expect(env).to.include({
      MUSTER_LISTEN: '[::1]:80',
      MUSTER_CACHE: '2MiB',
      MUSTER_MESH_SECRET: 'long enough',
    });
  });

  it('takes a secret only as the name of a file', () => {
    const env = withFlags(schema, {}, ['--mesh-secret-file', '/run/secret']);
    expect(env).to.deep.equal({ MUSTER_MESH_SECRET_FILE: '/run/secret' });
  });

  it('refuses an unknown flag, a flag without a value and a loose word', () => {
    for (const args of [['--lisen', 'x'], ['--listen'], ['word'], ['--mesh-secret', 'hunter2']]) {
      expect(problemsOf(() => withFlags(schema, good, args))).to.have.lengthOf(1);
    }
  });
});

describe('tlsVariables', () => {
  before(needs('openssl'));

  it('refuse a key that everybody can read, and take `system` for an authority', async () => {
    await using dir = await tempDir();
    const key = join(dir.path, 'tls.key');
    await promisify(execFile)('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
    const read = () =>
      loadConfig(z.object(tlsVariables), { MUSTER_TLS_KEY: key, MUSTER_TLS_CA: 'system' });
    await chmod(key, 0o644);
    expect(read).to.throw(ConfigError, 'chmod 600');
    await chmod(key, 0o640);
    expect(read()).to.include({ MUSTER_TLS_CA: 'system' });
  });
});

describe('tlsFiles', () => {
  it('is undefined when nothing is set, and refuses half a pair', () => {
    expect(tlsFiles({})).to.equal(undefined);
    expect(tlsFiles({ MUSTER_TLS_CA: 'ca' })).to.deep.equal({ ca: 'ca' });
    expect(tlsFiles({ MUSTER_TLS_CERT: 'c', MUSTER_TLS_KEY: 'k' })).to.deep.equal({
      cert: 'c',
      key: 'k',
    });
    expect(problemsOf(() => tlsFiles({ MUSTER_TLS_KEY: 'k' }))[0]?.name).to.equal(
      'MUSTER_TLS_CERT',
    );
  });
});

describe('variables', () => {
  const accepted: [string, z.ZodType, string, unknown][] = [
    ['duration', duration(), '250ms', 250],
    ['duration', duration(), '1.5h', 5_400_000],
    ['duration', duration(), '7d', 604_800_000],
    ['size', size(), '512KiB', 524_288],
    ['size', size(), '1000', 1_000],
    ['listenAddress', listenAddress(), '0.0.0.0:7401', '0.0.0.0:7401'],
    ['grpcTarget', grpcTarget(), 'ipv4:127.0.0.1:1,127.0.0.1:2', 'ipv4:127.0.0.1:1,127.0.0.1:2'],
    ['grpcTarget', grpcTarget(), 'dns:///blob:7404', 'dns:///blob:7404'],
    ['grpcTarget', grpcTarget(), 'unix:/run/x', 'unix:/run/x'],
    ['boolean', boolean(), 'Yes', true],
    ['boolean', boolean(), '0', false],
    ['integer', integer({ min: -1 }), '-1', -1],
    ['list', list('a,b'), ' a, b,,', ['a', 'b']],
    ['oneOf', oneOf(['info', 'warn']), 'warn', 'warn'],
    ['url', url(['mongodb', 'mongodb+srv']), 'mongodb://u:p@a,b/?x=1', 'mongodb://u:p@a,b/?x=1'],
    ['identifier', identifier('i-1'), 'i-1', 'i-1'],
    ['text', text(), 'as it is', 'as it is'],
  ];
  for (const [name, variable, value, expected] of accepted) {
    it(`${name} reads ${value}`, () => {
      expect(loadConfig(z.object({ X: variable }), { X: value })).to.deep.equal({ X: expected });
    });
  }

  const refused: [string, z.ZodType, string[]][] = [
    ['duration', duration({ maxMs: 60_000 }), ['5', '-5s', '5 s', '1w', 's', '61s', '1e3s']],
    ['size', size({ maxBytes: 1_024 }), ['5MB', '-1', '2KiB', 'KiB', '0x10']],
    ['listenAddress', listenAddress(), ['7401', ':7401', 'host', 'host:65536', 'a b:1', '::1:80']],
    ['grpcTarget', grpcTarget(), ['blob', 'dns:///blob', 'ipv4:a:1,b', 'http://x:1', 'ipv4:']],
    ['boolean', boolean(), ['2', 'maybe']],
    ['integer', integer({ max: 9 }), ['10', '-1', '1.5', '1e1', ' 1']],
    ['oneOf', oneOf(['info', 'warn']), ['INFO', 'x']],
    ['url', url(['nats']), ['http://x', 'nats://', 'nats']],
    ['identifier', identifier('i-1'), ['A', 'a.b', 'x'.repeat(41)]],
  ];
  for (const [name, variable, values] of refused) {
    it(`${name} refuses ${values.join(' | ')}`, () => {
      for (const value of values) {
        expect(
          problemsOf(() => loadConfig(z.object({ X: variable }), { X: value })),
          value,
        ).to.have.lengthOf(1);
      }
    });
  }
});
