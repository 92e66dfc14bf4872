import type { DownloadRequest, DownloadResponse } from '#libs/contracts/blob.ts';
import type { ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { rangeOf } from '../domain/range.ts';
import { readableName } from './reachable.ts';

export const download = (ctx: Context): ServerStream<DownloadRequest, DownloadResponse> =>
  async function* (request, call) {
    const name = readableName(ctx, call, request);
    const blob = await ctx.blobs.read(
      name,
      rangeOf(request.offset, request.lengthBytes),
      call.signal,
    );
    if (blob === undefined) {
      throw blobNotFound(name);
    }
    const head = { totalBytes: blob.totalBytes, sha256: blob.sha256 ?? '' };
    let isFirst = true;
    for await (const chunk of blob.chunks) {
      yield {
        chunk: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length),
        ...(isFirst ? head : later),
      };
      isFirst = false;
    }
    if (isFirst) {
      yield { chunk: Buffer.alloc(0), ...head };
    }
  };

const later = { totalBytes: 0, sha256: '' };
