import { createReadStream } from 'node:fs';
import { retry, type RetryOptions } from '#libs/async/index.ts';
import type {
  BlobServiceService,
  UploadHeader,
  UploadRequest,
  UploadResponse,
} from '#libs/contracts/blob.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import { DomainError, fromServiceError, status } from '#libs/errors/index.ts';
import type { Client } from '#libs/grpc/index.ts';

/** The blob service: an agent uploads results to it and downloads scenes from it. */
export type Blobs = Client<typeof BlobServiceService>;

const CHUNK_BYTES = 256 * 1_024;

/** How long a transfer of so many bytes may take: a slow line at home still has 32 KiB/s. */
export const transferMs = (sizeBytes: number): number => 30_000 + sizeBytes / 32;

function* slices(bytes: Uint8Array): Generator<Buffer> {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < whole.length; at += CHUNK_BYTES) {
    yield whole.subarray(at, at + CHUNK_BYTES);
  }
}

async function* messages(
  header: UploadHeader,
  source: string | Uint8Array,
): AsyncGenerator<UploadRequest> {
  yield { part: { $case: 'header', value: header } };
  const chunks: AsyncIterable<Buffer> | Iterable<Buffer> =
    typeof source === 'string'
      ? createReadStream(source, { highWaterMark: CHUNK_BYTES })
      : slices(source);
  for await (const value of chunks) {
    yield { part: { $case: 'chunk', value } };
  }
}

/** Makes one attempt to upload a file or bytes. The same bytes may come again. */
export const upload = (
  blobs: Blobs,
  header: UploadHeader & { sizeBytes: number },
  source: string | Uint8Array,
  signal: AbortSignal,
): Promise<UploadResponse> =>
  blobs.upload(messages(header, source), { signal, deadlineMs: transferMs(header.sizeBytes) });

/**
 * Makes one attempt to upload what an attempt made. The same bytes get the same receipt, so a caller that does not know
 * whether it worked uploads again.
 */
export const uploadOnce = async (...args: Parameters<typeof upload>): Promise<Receipt> => {
  const { receipt } = await upload(...args);
  if (receipt === undefined) {
    const message = 'the blob service stored a result without a receipt';
    throw new DomainError(status.INTERNAL, 'RECEIPT_MISSING', message);
  }
  return receipt;
};

export interface PatienceOptions extends Required<
  Pick<RetryOptions, 'clock' | 'random' | 'signal' | 'forMs'>
> {
  /** Whether another attempt can help after this error, the n-th one (from 1). */
  helps: (error: DomainError, failures: number) => boolean;
  onRetry: (error: DomainError, pauseMs: number) => void;
}

const PAUSE = { firstMs: 250, longestMs: 15_000 };

/**
 * Calls the service until it answers. The pauses grow, and are longer if it asks for that. Rejects with the last
 * attempt's error, or with the signal's reason.
 */
export const patiently = <T>(
  attempt: () => Promise<T>,
  { helps, onRetry, ...options }: PatienceOptions,
): Promise<T> =>
  retry(attempt, {
    ...options,
    pause: PAUSE,
    helps: (thrown, failures) => helps(fromServiceError(thrown), failures),
    askedMs: (thrown) => Math.min(fromServiceError(thrown).retryAfterMs ?? 0, PAUSE.longestMs),
    onRetry: (thrown, pauseMs) => onRetry(fromServiceError(thrown), pauseMs),
  });
