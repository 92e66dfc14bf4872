import type { GetObjectRequest, GetObjectResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { objectToProto } from '../wire/messages.ts';
import { reachableObject } from './reachable.ts';

export const getObject =
  (ctx: Context): Unary<GetObjectRequest, GetObjectResponse> =>
  async ({ objectId }, call) => ({
    object: objectToProto(await reachableObject(ctx, call, objectId)),
  });
