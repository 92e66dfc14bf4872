import { createReadStream } from 'node:fs';
import type { BlobServiceService, UploadHeader, UploadRequest } from '#libs/contracts/blob.ts';
import type { Receipt } from '#libs/contracts/common.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { Client } from '#libs/grpc/index.ts';

/** The blob service: an agent uploads results to it and downloads scenes from it. */
export type Blobs = Client<typeof BlobServiceService>;

/** What is uploaded: a file or bytes. */
export type Source = { file: string } | { bytes: Uint8Array };

const CHUNK_BYTES = 256 * 1_024;

/** How long a transfer of so many bytes may take: a slow line at home still has 32 KiB/s. */
export const transferMs = (sizeBytes: number): number => 30_000 + sizeBytes / 32;

const chunks = (source: Source): AsyncIterable<Buffer> | Iterable<Buffer> =>
  'file' in source
    ? createReadStream(source.file, { highWaterMark: CHUNK_BYTES })
    : slices(source.bytes);

function* slices(bytes: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    yield Buffer.from(
      bytes.buffer,
      bytes.byteOffset + at,
      Math.min(CHUNK_BYTES, bytes.length - at),
    );
  }
}

async function* messages(header: UploadHeader, source: Source): AsyncGenerator<UploadRequest> {
  yield { part: { $case: 'header', value: header } };
  for await (const value of chunks(source)) {
    yield { part: { $case: 'chunk', value } };
  }
}

/**
 * Makes one attempt to upload a file. The same bytes get the same receipt, so a caller that does not know
 * whether it worked uploads again.
 */
export const uploadOnce = async (
  blobs: Pick<Blobs, 'upload'>,
  header: UploadHeader & { sizeBytes: number },
  source: Source,
  signal: AbortSignal,
): Promise<Receipt> => {
  const deadlineMs = transferMs(header.sizeBytes);
  const { receipt } = await blobs.upload(messages(header, source), { signal, deadlineMs });
  if (receipt === undefined) {
    throw new DomainError(
      status.INTERNAL,
      'RECEIPT_MISSING',
      'the blob service stored a result without a receipt',
    );
  }
  return receipt;
};
