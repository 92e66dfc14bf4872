import type { StatBlobRequest, StatBlobResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { blobToProto } from '../wire/messages.ts';
import { callerOf, readableName } from './reachable.ts';

export const statBlob =
  (ctx: Context): Unary<StatBlobRequest, StatBlobResponse> =>
  async (request, call) => {
    const name = readableName(ctx, call, request);
    await ctx.standing.machine(callerOf(call).machine);
    const blob = await ctx.blobs.stat(name, call.signal);
    if (blob === undefined) {
      throw blobNotFound(name);
    }
    return { blob: blobToProto(blob) };
  };
