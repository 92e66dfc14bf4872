import { expect } from 'chai';
import { describe, it } from 'mocha';
import { wrongVariables } from '#libs/testing/index.ts';
import { readConfig } from './config.ts';

const good = {
  MUSTER_MESH_SECRET: '00'.repeat(32),
  MUSTER_JWKS: 'https://mesh.example/jwks.json',
  MUSTER_MONGO_URL: 'mongodb://127.0.0.1:27017',
  MUSTER_NATS_URL: 'nats://127.0.0.1:4222',
  MUSTER_BLOB_CONNECTION: 'UseDevelopmentStorage=true',
};

const wrongNames = (env: Record<string, string>): string[] => wrongVariables(() => readConfig(env));

describe('readConfig', () => {
  it('needs a secret, keys, a database and a storage, and has defaults for the rest', () => {
    const {
      server: { listen, tls },
      storage,
      maximumUploadBytes,
      places,
      pace,
    } = readConfig(good);
    expect({
      listen,
      container: storage.container,
      maximumUploadBytes,
      places,
      pace,
      tls,
    }).to.deep.equal({
      listen: '127.0.0.1:7404',
      container: 'muster',
      maximumUploadBytes: 64 * 2 ** 30,
      places: {
        uploads: 64,
        results: 64,
        commits: 8,
        downloads: 256,
        agentDownloads: 256,
      },
      pace: { minBytesPerSecond: 16_384, withinMs: 86_400_000 },
      tls: undefined,
    });
  });

  it('names everything that is missing or wrong at once', () => {
    expect(wrongNames({})).to.deep.equal([
      'MUSTER_BLOB_CONNECTION',
      'MUSTER_JWKS',
      'MUSTER_MESH_SECRET',
      'MUSTER_MONGO_URL',
      'MUSTER_NATS_URL',
    ]);
    const wrong = {
      MUSTER_MESH_SECRET: 'x'.repeat(42) + '!',
      MUSTER_MONGO_URL: 'http://x',
      MUSTER_BLOB_CONNECTION: 'x',
      // Files that exist and hold something else.
      MUSTER_JWKS: import.meta.filename,
      MUSTER_TLS_CERT: import.meta.filename,
      MUSTER_TLS_KEY: import.meta.filename,
    };
    expect(wrongNames({ ...good, ...wrong })).to.deep.equal(Object.keys(wrong).sort());
  });
});
