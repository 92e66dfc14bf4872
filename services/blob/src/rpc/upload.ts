import { signReceipt } from '#libs/auth/index.ts';
import type { UploadHeader, UploadRequest, UploadResponse } from '#libs/contracts/blob.ts';
import type { ClientStream } from '#libs/grpc/index.ts';
import { callerOf } from './reachable.ts';
import type { Context } from '../context.ts';
import { attemptHasOtherBytes, required } from '../domain/errors.ts';
import { formatBlobName } from '#libs/mesh/index.ts';
import { checkWhole } from '../domain/upload-rules.ts';
import { chunksOf, firstOf } from '../wire/upload-chunks.ts';
import { parseUpload } from '../wire/upload-header.ts';

export const upload =
  (ctx: Context): ClientStream<UploadRequest, UploadResponse> =>
  async (requests, call) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await firstOf(messages, ctx.clock);
    const header = required('header', headerOf(first), 'must be the first message');
    const caller = callerOf(call);
    const { target, expectation } = parseUpload(ctx, caller, header);
    const name = formatBlobName(target);
    using _place = await ctx.lanes.toUpload(caller, call.signal);
    const chunks = chunksOf(messages, expectation, ctx.pace, ctx.clock);
    const written = await ctx.blobs.write(name, chunks, {
      signal: call.signal,
      check: (measured) => checkWhole(expectation, measured),
    });
    if (written.outcome === 'other-bytes') {
      throw attemptHasOtherBytes(name);
    }
    const { outcome, sha256, sizeBytes } = written;
    ctx.events.uploadStored(call.log, { name, sha256, sizeBytes, outcome });
    const signature = signReceipt(ctx.meshSecret, { path: name, sha256, sizeBytes });
    return {
      blobName: name,
      sizeBytes,
      sha256,
      receipt:
        target.kind === 'upload'
          ? undefined
          : { blobName: name, sha256, sizeBytes, signature: Buffer.from(signature) },
    };
  };

const headerOf = (first: IteratorResult<UploadRequest>): UploadHeader | undefined =>
  first.done !== true && first.value.part?.$case === 'header' ? first.value.part.value : undefined;
