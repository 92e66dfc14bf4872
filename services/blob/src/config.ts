import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import {
  boolean,
  duration,
  identifier,
  integer,
  loadConfig,
  secretAs,
  size,
  type Environment,
} from '#libs/config/index.ts';
import {
  meshSecretVariables,
  mongoVariables,
  natsVariables,
  serverConfig,
  serverVariables,
  type ServerConfig,
} from '#libs/service/index.ts';
import type { PaceRules } from './domain/pace.ts';
import type { Lane } from './store/lanes.ts';

const checkConnection = (text: string): string => {
  if (!/(^|;)\s*(AccountName|BlobEndpoint|UseDevelopmentStorage)=/i.test(text)) {
    throw new TypeError('no connection string');
  }
  return text;
};

/** The environment variables of this service; `README.md` explains each. */
export const variables = z.object({
  ...serverVariables('127.0.0.1:7404'),
  ...mongoVariables,
  ...natsVariables,
  ...meshSecretVariables,
  MUSTER_BLOB_CONNECTION: secretAs(
    checkConnection,
    'must be the connection string of a storage account',
  ),
  MUSTER_BLOB_CONTAINER: identifier('muster').prefault('muster'),
  MUSTER_MAX_UPLOAD: size({ minBytes: 1, maxBytes: 195 * 2 ** 30 }).prefault('64GiB'),
  MUSTER_MAX_PART: size({ minBytes: 1, maxBytes: 195 * 2 ** 30 }).prefault('64GiB'),
  MUSTER_UPLOADS_AT_ONCE: integer({ min: 1, max: 4_096 }).prefault('64'),
  MUSTER_RESULTS_AT_ONCE: integer({ min: 1, max: 4_096 }).prefault('64'),
  MUSTER_DOWNLOADS_AT_ONCE: integer({ min: 1, max: 4_096 }).prefault('256'),
  MUSTER_MIN_RATE: size({ minBytes: 1, maxBytes: 2 ** 30 }).prefault('16KiB'),
  MUSTER_UPLOAD_WITHIN: duration({ minMs: 60_000 }).prefault('24h'),
  MUSTER_BLOB_NO_SANDBOX: boolean().prefault('0'),
});

/** Each can hold a manifest of 32 MiB and the hashes in it. */
const COMMITS_AT_ONCE = 8;

export interface Config {
  server: ServerConfig;
  meshSecret: KeyObject;
  mongo: { url: string; database: string };
  nats: { url: string };
  storage: { connectionString: string; container: string };
  maximumUploadBytes: number;
  maximumPartBytes: number;
  places: Record<Lane, number>;
  pace: PaceRules;
  pictures: { isUnconfined: boolean };
}

export const readConfig = (env: Environment): Config => {
  const read = loadConfig(variables, env);
  return {
    server: serverConfig(read),
    meshSecret: read.MUSTER_MESH_SECRET,
    mongo: { url: read.MUSTER_MONGO_URL, database: read.MUSTER_MONGO_DATABASE },
    nats: { url: read.MUSTER_NATS_URL },
    storage: {
      connectionString: read.MUSTER_BLOB_CONNECTION,
      container: read.MUSTER_BLOB_CONTAINER,
    },
    maximumUploadBytes: read.MUSTER_MAX_UPLOAD,
    maximumPartBytes: read.MUSTER_MAX_PART,
    places: {
      uploads: read.MUSTER_UPLOADS_AT_ONCE,
      results: read.MUSTER_RESULTS_AT_ONCE,
      commits: COMMITS_AT_ONCE,
      downloads: read.MUSTER_DOWNLOADS_AT_ONCE,
      agentDownloads: read.MUSTER_DOWNLOADS_AT_ONCE,
    },
    pace: {
      minBytesPerSecond: read.MUSTER_MIN_RATE,
      withinMs: read.MUSTER_UPLOAD_WITHIN,
    },
    pictures: { isUnconfined: read.MUSTER_BLOB_NO_SANDBOX },
  };
};
