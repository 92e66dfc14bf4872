import type { CreateDownloadUrlRequest, CreateDownloadUrlResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound, urlsNotSupported } from '../domain/errors.ts';
import { checkTtl, expireTimeOf } from '../wire/requests.ts';
import { readableName } from './reachable.ts';

export const createDownloadUrl =
  (ctx: Context): Unary<CreateDownloadUrlRequest, CreateDownloadUrlResponse> =>
  async (request, call) => {
    const { ttlSeconds } = request;
    const wrong = collectViolations();
    checkTtl(wrong, ttlSeconds);
    const name = readableName(ctx, call, request, wrong);
    if ((await ctx.blobs.stat(name, call.signal)) === undefined) {
      throw blobNotFound(name);
    }
    const expireTime = expireTimeOf(ttlSeconds, ctx.clock.now());
    const url = await ctx.blobs.urlToRead(name, expireTime);
    if (url === undefined) {
      throw urlsNotSupported();
    }
    ctx.events.urlSigned(call.log, name, 'GET');
    return { url, expireTime };
  };
