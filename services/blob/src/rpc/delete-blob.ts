import type { DeleteBlobRequest, DeleteBlobResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, parseBlobName } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';

export const deleteBlob =
  (ctx: Context): Unary<DeleteBlobRequest, DeleteBlobResponse> =>
  async ({ blobName }, call) => {
    const wrong = collectViolations();
    wrong.require(
      parseBlobName(blobName) !== undefined,
      'blob_name',
      'a name as ListBlobs answers it',
    );
    wrong.throwIfAny();
    await ctx.blobs.delete(blobName, call.signal);
    ctx.events.blobDeleted(call.log, blobName);
    return {};
  };
