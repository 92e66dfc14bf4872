import type { DownloadRequest, DownloadResponse } from '#libs/contracts/blob.ts';
import type { CallContext, ServerStream } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound, downloadTooSlow } from '../domain/errors.ts';
import { createPace } from '../domain/pace.ts';
import { rangeOf } from '../domain/range.ts';
import { callerOf, readableName } from './reachable.ts';

export const download = (ctx: Context): ServerStream<DownloadRequest, DownloadResponse> =>
  async function* (request, call) {
    const name = readableName(ctx, call, request);
    const caller = callerOf(call);
    await ctx.standing.machine(caller.machine);
    using _place = await ctx.lanes.toDownload(caller, call.signal);
    const blob = await ctx.blobs.read(
      name,
      rangeOf(request.offset, request.lengthBytes),
      call.signal,
    );
    if (blob === undefined) {
      throw blobNotFound(name);
    }
    const head = { totalBytes: blob.totalBytes, sha256: blob.sha256 ?? '' };
    const reader = watchReader(ctx, call);
    let isFirst = true;
    for await (const chunk of blob.chunks) {
      using _reading = reader.reads(chunk.length);
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

/** Ends the call of a reader that does not keep the pace, because it holds a place, a connection and a mebibyte. */
const watchReader = ({ pace: rules, clock }: Context, call: CallContext) => {
  const pace = createPace(rules);
  return {
    /** From here until the disposal the reader has the word. */
    reads: (bytes: number): Disposable => {
      const sinceMs = clock.monotonic();
      const timer = clock.setTimer(pace.leftMs(), () =>
        call.abort(downloadTooSlow(rules.minBytesPerSecond)),
      );
      return {
        [Symbol.dispose]: () => {
          timer.cancel();
          pace.waited(clock.monotonic() - sinceMs);
          pace.moved(bytes);
        },
      };
    },
  };
};
