import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { readyWhen, type StoreProgram } from './launch.ts';

interface AzuriteOptions {
  /** Where its blobs go; made when it is missing. */
  dir: string;
  port: number;
  /** The account's key: base64. */
  key: string;
}

/** The storage account that every Azurite of ours has. */
const ACCOUNT = 'muster';

/** It writes its list of blobs every few seconds and at its end, which takes time. */
const STOP_MS = 15_000;

/**
 * An Azurite, blobs only, on the loopback interface. `url` is a connection string. End it by SIGTERM: one that is killed
 * forgets blobs that it acknowledged within the last seconds.
 */
export const azurite = async ({ dir, port, key }: AzuriteOptions): Promise<StoreProgram> => {
  await mkdir(dir, { recursive: true });
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`;
  return {
    name: 'azurite',
    command: process.execPath,
    // Azurite knows fewer versions of the API than the client, and telemetry is nobody's business.
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
      // In the environment, because everybody on the machine can read a command line.
      AZURITE_ACCOUNTS: `${ACCOUNT}:${key}`,
      // As for our own programs (libs/telemetry/register.ts); written when Azurite ends by SIGTERM.
      NODE_COMPILE_CACHE: fileURLToPath(new URL('../../.tools/compile-cache', import.meta.url)),
    },
    url: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};BlobEndpoint=${endpoint};`,
    stopMs: STOP_MS,
    ready: readyWhen(({ signal }) => isAnswering(endpoint, signal)),
  };
};

/** Any answer of Azurite's will do, also a refusal. */
const isAnswering = async (endpoint: string, signal: AbortSignal): Promise<boolean> => {
  try {
    const answer = await fetch(`${endpoint}?comp=list`, { signal });
    await answer.body?.cancel();
    return answer.headers.get('server')?.startsWith('Azurite-Blob') === true;
  } catch {
    return false;
  }
};
