import type { GetPictureSizeRequest, GetPictureSizeResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { rangeOf } from '../domain/range.ts';
import { reachableObject } from './reachable.ts';

export const getPictureSize =
  (ctx: Context): Unary<GetPictureSizeRequest, GetPictureSizeResponse> =>
  async ({ objectId, scene, scalePercent }, call) => {
    const object = await reachableObject(ctx, call, objectId);
    const name = object.project?.mainBlob ?? object.blobName;
    const blob = await ctx.blobs.read(name, rangeOf(0, 0), call.signal);
    if (blob === undefined) {
      throw blobNotFound(name);
    }
    const { chunks: bytes, totalBytes: sizeBytes } = blob;
    const request = { bytes, sizeBytes, scene, scalePercent };
    const size = await ctx.decoders.with(objectId, (decoder) => decoder.sceneSize(request));
    return size ?? { width: 0, height: 0 };
  };
