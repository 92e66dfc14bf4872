import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { poll } from '#libs/async/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import type { StoreProgram } from './program.ts';

export interface AzuriteOptions {
  /** Where its blobs go; made when it is missing. */
  dir: string;
  port: number;
  /** The account's key: base64. */
  key: string;
}

/** The storage account that every Azurite of ours has. */
export const AZURITE_ACCOUNT = 'muster';

const POLL_MS = 50;
/** It writes its list of blobs only now and then, and when it ends: it needs the time. */
const STOP_MS = 15_000;

/**
 * An Azurite, blobs only, on the loopback interface. `url` is a connection string. It must be ended by SIGTERM: killed,
 * it forgets blobs that it acknowledged within the last seconds.
 */
export const azurite = async ({ dir, port, key }: AzuriteOptions): Promise<StoreProgram> => {
  await mkdir(dir, { recursive: true });
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const endpoint = `http://127.0.0.1:${port}/${AZURITE_ACCOUNT}`;
  return {
    name: 'azurite',
    command: process.execPath,
    // Its own versions of the API lag behind the client's; it has nobody to send telemetry to.
    args: [
      program,
      '--blobHost=127.0.0.1',
      `--blobPort=${port}`,
      `--location=${dir}`,
      '--silent',
      '--skipApiVersionCheck',
      '--disableTelemetry',
    ],
    env: {
      // Not on the command line, which everybody on the machine can read.
      AZURITE_ACCOUNTS: `${AZURITE_ACCOUNT}:${key}`,
      // As our own programs, see libs/telemetry/register.ts; it is written when Azurite ends in good order.
      NODE_COMPILE_CACHE: fileURLToPath(new URL('../../.tools/compile-cache', import.meta.url)),
    },
    url: `DefaultEndpointsProtocol=http;AccountName=${AZURITE_ACCOUNT};AccountKey=${key};BlobEndpoint=${endpoint};`,
    stopMs: STOP_MS,
    ready: async ({ signal }) => {
      await poll(() => isAnswering(endpoint, signal), { clock: systemClock, everyMs: POLL_MS, signal });
    },
  };
};

/** Any answer will do, also that we may not. */
const isAnswering = async (endpoint: string, signal: AbortSignal): Promise<boolean> => {
  try {
    const answer = await fetch(`${endpoint}?comp=list`, { signal });
    await answer.body?.cancel();
    return answer.headers.get('server')?.startsWith('Azurite-Blob') === true;
  } catch {
    return false;
  }
};
