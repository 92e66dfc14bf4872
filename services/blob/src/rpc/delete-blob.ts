import type { DeleteBlobRequest, DeleteBlobResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { requireFields } from '../domain/errors.ts';
import { parseName } from '../domain/names.ts';

export const deleteBlob =
  (ctx: Context): Unary<DeleteBlobRequest, DeleteBlobResponse> =>
  async ({ blobName }, call) => {
    requireFields(['blob_name', parseName(blobName) !== undefined, 'a name as ListBlobs answers it']);
    await ctx.blobs.delete(blobName, call.signal);
    ctx.events.blobDeleted(call.log, blobName);
    return {};
  };
