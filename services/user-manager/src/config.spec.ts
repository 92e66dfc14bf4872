import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createSigningKey } from '#libs/auth/index.ts';
import { tempDir, wrongVariables } from '#libs/testing/index.ts';
import { readConfig } from './config.ts';

const problems = (env: Record<string, string>): string[] => wrongVariables(() => readConfig(env));

describe('readConfig', () => {
  it('needs stores, keys to check with and a key to sign with, and no more', async () => {
    await using dir = await tempDir();
    const keyFile = join(dir.path, 'key.json');
    const { privateJwk, publicJwk } = await createSigningKey(['agent']);
    await writeFile(keyFile, JSON.stringify(privateJwk));
    const env = {
      MUSTER_MONGO_URL: 'mongodb://127.0.0.1/?replicaSet=rs0',
      MUSTER_NATS_URL: 'nats://127.0.0.1',
      MUSTER_JWKS: 'https://mesh.example/jwks.json',
      MUSTER_AGENT_KEY_FILE: keyFile,
    };
    expect(readConfig(env)).to.deep.include({
      mongo: { url: env.MUSTER_MONGO_URL, database: 'muster' },
    });
    expect(problems({})).to.deep.equal(Object.keys(env).sort((a, b) => a.localeCompare(b)));
    expect(problems({ ...env, MUSTER_MONGO_URL: 'http://x', MUSTER_NATS_URL: 'x' })).to.deep.equal([
      'MUSTER_MONGO_URL',
      'MUSTER_NATS_URL',
    ]);
    for (const key of [publicJwk, (await createSigningKey(['customer'])).privateJwk, 'rubbish']) {
      await writeFile(keyFile, JSON.stringify(key));
      expect(problems(env)).to.deep.equal(['MUSTER_AGENT_KEY_FILE']);
    }
  });
});
