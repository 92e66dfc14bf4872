import { within } from '#libs/async/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import { unavailable } from '#libs/errors/index.ts';
import { checkRange, totalBytes, type ByteRange } from '../domain/range.ts';
import type { AzureContainer } from './azure.ts';
import {
  ANSWER_WITHIN_MS,
  DEPENDENCY,
  isMissing,
  isRangeBeyondEnd,
  mapped,
} from './azure-errors.ts';
import { regroup } from './regroup.ts';
import { provenSha256 } from './seal.ts';
import { statBlob } from './entries.ts';

/** A blob that is being read. Iterate `chunks` or break out of the loop, because it holds a connection. */
interface OpenBlob {
  /** Of the whole blob, even for a range. */
  totalBytes: number;
  sha256: string | undefined;
  chunks: AsyncIterable<Uint8Array>;
}

/** Large enough for few messages per blob, and far below the bound of one message. */
const CHUNK_BYTES = 64 * 1024;
/** How often a broken body is resumed where it ended. */
const RESUMPTIONS = 3;

/** Undefined: no such blob. Reads nothing ahead of the iteration; rejects with UNAVAILABLE if the answer or a piece is late. */
export const readBlob = async (
  container: AzureContainer,
  name: string,
  { offset, count }: ByteRange,
  signal: AbortSignal,
): Promise<OpenBlob | undefined> => {
  signal.throwIfAborted();
  const patience = createPatience(signal);
  try {
    const answer = await patience.during(
      container.client
        .getBlobClient(name)
        .download(offset, count, { abortSignal: patience.signal, maxRetryRequests: RESUMPTIONS }),
    );
    const total = totalBytes(answer.contentRange, answer.contentLength) ?? 0;
    // For a range after the end, Azurite answers no bytes where Azure refuses it.
    checkRange(offset, total);
    const body = answer.readableStreamBody;
    return {
      totalBytes: total,
      sha256: provenSha256(container.secret, name, total, answer.metadata),
      chunks: body === undefined ? nothing() : regroup(patiently(body, patience), CHUNK_BYTES),
    };
  } catch (error) {
    patience.end();
    if (isMissing(error)) {
      return undefined;
    }
    if (!isRangeBeyondEnd(error)) {
      throw patience.explain(error);
    }
    const there = await statBlob(container, name, signal);
    if (there === undefined) {
      return undefined;
    }
    checkRange(offset, there.sizeBytes);
    return { totalBytes: there.sizeBytes, sha256: there.sha256, chunks: nothing() };
  }
};

async function* nothing(): AsyncGenerator<Uint8Array> {}

type Patience = ReturnType<typeof createPatience>;

/** A signal that aborts with the caller's, or if a single wait takes too long. */
const createPatience = (signal: AbortSignal) => {
  const own = new AbortController();
  let isExhausted = false;
  return {
    signal: AbortSignal.any([signal, own.signal]),
    /** Waits at most as long as the storage may take to answer. */
    during: async <T>(wait: Promise<T>): Promise<T> =>
      await within(systemClock, ANSWER_WITHIN_MS, wait, () => {
        isExhausted = true;
        own.abort();
        return wait;
      }),
    end: (): void => own.abort(),
    explain(error: unknown): unknown {
      if (signal.aborted) {
        return signal.reason;
      }
      if (isExhausted) {
        return unavailable(DEPENDENCY, `the ${DEPENDENCY} gives no answer; try again`, {
          cause: error,
        });
      }
      return mapped(error);
    },
  };
};

async function* patiently(
  body: NodeJS.ReadableStream,
  patience: Patience,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await patience.during(pieces.next());
      if (next.done === true) {
        return;
      }
      yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    }
  } catch (error) {
    throw patience.explain(error);
  } finally {
    patience.end();
    await pieces.return?.().catch(() => {});
  }
}
