import { randomBytes } from 'node:crypto';
import { unavailable } from '#libs/errors/index.ts';
import type { AzureContainer } from './azure.ts';
import { ANSWER_WITHIN_MS, asking, DEPENDENCY } from './azure-errors.ts';
import { deleteBlob } from './entries.ts';

/** The ways in which a PUT can name another blob as the source of its bytes. */
const COPIES: readonly Record<string, string>[] = [
  {},
  { 'x-ms-requires-sync': 'true' },
  { 'x-ms-blob-type': 'BlockBlob' },
];

/**
 * Whether the storage lets the holder of a URL that only creates one blob fill it with the bytes of any other blob. Azure asks
 * for leave to read the source; Azurite does not. So this is tried with two blobs of our own, as a stranger would.
 */
export const copiesUnasked = async (
  container: AzureContainer,
  urlToCreate: (name: string) => Promise<string>,
  signal: AbortSignal,
): Promise<boolean> => {
  const folder = `probes/${randomBytes(12).toString('hex')}`;
  const source = container.client.getBlockBlobClient(`${folder}/source`);
  const made = [source.name];
  const put = async (body: Uint8Array, headers: Record<string, string>): Promise<number> => {
    const target = `${folder}/${made.length}`;
    made.push(target);
    return answerTo(await urlToCreate(target), body, headers, signal);
  };
  try {
    await container.writing(signal, (abortSignal) =>
      source.upload('probe', 'probe'.length, { abortSignal }),
    );
    // Unless the URL works at all, a refusal proves nothing.
    if (!isDone(await put(Buffer.from('probe'), { 'x-ms-blob-type': 'BlockBlob' }))) {
      throw unclear();
    }
    for (const headers of COPIES) {
      const status = await put(Buffer.alloc(0), { ...headers, 'x-ms-copy-source': source.url });
      if (isDone(status)) {
        return true;
      }
      if (status >= 500 && status !== 501) {
        throw unclear();
      }
    }
    return false;
  } finally {
    const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
    await Promise.allSettled(made.map((name) => deleteBlob(container, name, late)));
  }
};

const isDone = (status: number): boolean => status >= 200 && status < 300;

const answerTo = (
  url: string,
  body: Uint8Array,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<number> =>
  asking(signal, async (abortSignal) => {
    const init = { method: 'PUT', body: Buffer.from(body), headers, signal: abortSignal };
    const response = await fetch(url, init).catch((cause: unknown) => {
      throw unclear(cause);
    });
    await response.arrayBuffer();
    return response.status;
  });

const unclear = (cause?: unknown): Error =>
  unavailable(DEPENDENCY, `the ${DEPENDENCY} does not say whether it guards copies; try again`, {
    cause,
  });
