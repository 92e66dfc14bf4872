import { z } from 'zod';
import {
  duration,
  grpcTarget,
  integer,
  loadConfig,
  networks,
  secret,
  type Environment,
} from '#libs/config/index.ts';
import {
  MAX_PARKED_WORKLOADS,
  MAX_RUNNING_WORKLOADS,
  MAX_WANTED_USERS,
  MAX_WEIGHT,
} from '#libs/mesh/index.ts';
import {
  meshSecretVariables,
  mongoVariables,
  natsVariables,
  serverConfig,
  serverVariables,
} from '#libs/service/index.ts';

/** The variables of this service. `README.md` explains each. */
export const variables = z.object({
  ...serverVariables('127.0.0.1:7401'),
  ...mongoVariables,
  ...natsVariables,
  ...meshSecretVariables,
  MUSTER_SERVICE_TOKEN: secret(),
  MUSTER_BLOB_ENDPOINT: grpcTarget(),
  MUSTER_PLAN_RUNNING_WORKLOADS: integer({ min: 1, max: MAX_RUNNING_WORKLOADS }).prefault('1'),
  MUSTER_PLAN_USERS: integer({ min: 1, max: MAX_WANTED_USERS }).prefault('100'),
  MUSTER_PLAN_WEIGHT: integer({ min: 1, max: MAX_WEIGHT }).prefault('1'),
  MUSTER_PLAN_PARKED_WORKLOADS: integer({ min: 1, max: MAX_PARKED_WORKLOADS }).prefault('1000'),
  MUSTER_WEBHOOK_NETWORKS: networks().prefault(''),
  MUSTER_SWEEP_AFTER: duration({ maxMs: 86_400_000 }).prefault('60s'),
  MUSTER_SWEEP_EVERY: duration({ minMs: 10, maxMs: 3_600_000 }).prefault('30s'),
  MUSTER_SCRUB_AFTER: duration({ maxMs: 30 * 86_400_000 }).prefault('24h'),
  MUSTER_SCRUB_EVERY: duration({ minMs: 10, maxMs: 3_600_000 }).prefault('60s'),
});

export type Config = ReturnType<typeof readConfig>;

/** Reads the configuration. Throws a ConfigError that names everything wrong. */
export const readConfig = (env: Environment) => {
  const read = loadConfig(variables, env);
  return {
    server: serverConfig(read),
    meshSecret: read.MUSTER_MESH_SECRET,
    serviceToken: read.MUSTER_SERVICE_TOKEN,
    mongo: { url: read.MUSTER_MONGO_URL, database: read.MUSTER_MONGO_DATABASE },
    nats: { url: read.MUSTER_NATS_URL },
    blobEndpoint: read.MUSTER_BLOB_ENDPOINT,
    /** The plan of customers without an own one. */
    plan: {
      runningWorkloads: read.MUSTER_PLAN_RUNNING_WORKLOADS,
      users: read.MUSTER_PLAN_USERS,
      weight: read.MUSTER_PLAN_WEIGHT,
      parkedWorkloads: read.MUSTER_PLAN_PARKED_WORKLOADS,
    },
    /** Networks that are not public and in which webhooks may be all the same. */
    webhookNetworks: read.MUSTER_WEBHOOK_NETWORKS,
    /** Time from the end of a workload to its first sweep (agents may still upload before), and between two searches. */
    sweep: { afterMs: read.MUSTER_SWEEP_AFTER, everyMs: read.MUSTER_SWEEP_EVERY },
    /** Time after which the results of a workload are checked again, and between two searches. */
    scrub: { afterMs: read.MUSTER_SCRUB_AFTER, everyMs: read.MUSTER_SCRUB_EVERY },
  };
};
