import type { CreateUploadUrlRequest, CreateUploadUrlResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { callerOf } from './caller.ts';
import type { Context } from '../context.ts';
import { requireFields, urlsNotSupported } from '../domain/errors.ts';
import { formatName, ownerFolder } from '../domain/names.ts';
import { customerCheck, customerOf, expireTimeOf, ttlCheck } from '../domain/requests.ts';

export const createUploadUrl =
  (ctx: Context): Unary<CreateUploadUrlRequest, CreateUploadUrlResponse> =>
  async ({ customerId, ttlSeconds }, call) => {
    const caller = callerOf(call);
    requireFields(customerCheck('customer_id', caller, customerId), ttlCheck(ttlSeconds));
    const owner = ownerFolder(customerOf(caller, customerId));
    const blobName = formatName({ kind: 'upload', owner, id: ctx.random.id('b') });
    const expireTime = expireTimeOf(ttlSeconds, ctx.clock.now());
    const url = await ctx.blobs.signUrl(blobName, 'PUT', expireTime);
    if (url === undefined) throw urlsNotSupported();
    ctx.events.urlSigned(call.log, blobName, 'PUT');
    return { blobName, url, expireTime };
  };
