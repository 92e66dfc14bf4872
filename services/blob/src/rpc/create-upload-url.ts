import type { CreateUploadUrlRequest, CreateUploadUrlResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, formatBlobName } from '#libs/mesh/index.ts';
import { callerOf } from './reachable.ts';
import type { Context } from '../context.ts';
import { uploadUrlsNotSupported, urlsNotSupported } from '../domain/errors.ts';
import { ownerFolder } from '../domain/names.ts';
import { checkCustomer, checkTtl, customerOf, expireTimeOf } from '../wire/requests.ts';

export const createUploadUrl =
  (ctx: Context): Unary<CreateUploadUrlRequest, CreateUploadUrlResponse> =>
  async ({ customerId, ttlSeconds }, call) => {
    const caller = callerOf(call);
    const wrong = collectViolations();
    checkCustomer(wrong, 'customer_id', caller, customerId);
    checkTtl(wrong, ttlSeconds);
    wrong.throwIfAny();
    const owner = ownerFolder(customerOf(caller, customerId));
    const blobName = formatBlobName({ kind: 'upload', owner, id: ctx.random.id('b') });
    const expireTime = expireTimeOf(ttlSeconds, ctx.clock.now());
    const made = await ctx.blobs.urlToCreate(blobName, expireTime, call.signal);
    if ('refused' in made) {
      throw made.refused === 'no-key' ? urlsNotSupported() : uploadUrlsNotSupported();
    }
    ctx.events.urlSigned(call.log, blobName, 'PUT');
    return { blobName, url: made.url, expireTime };
  };
