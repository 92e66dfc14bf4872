import type { DeleteObjectRequest, DeleteObjectResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { reachableObject } from './reachable.ts';

export const deleteObject =
  (ctx: Context): Unary<DeleteObjectRequest, DeleteObjectResponse> =>
  async ({ objectId }, call) => {
    const object = await reachableObject(ctx, call, objectId);
    // Bytes first: a failure in between leaves an object that can be deleted again. The other order would leave lost bytes.
    await ctx.blobs.delete(object.blobName, call.signal);
    await ctx.objects.delete(object.id);
    ctx.events.objectDeleted(call.log, object);
    return {};
  };
