import type { FindUploadRequest, FindUploadResponse } from '#libs/contracts/blob.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { collectViolations, isSha256 } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { ownerFolder } from '../domain/names.ts';
import type { Announced } from '../store/kept-uploads.ts';
import { checkCustomer, customerOf } from '../wire/requests.ts';
import { callerOf } from './reachable.ts';

export const findUpload =
  (ctx: Context): Unary<FindUploadRequest, FindUploadResponse> =>
  async (request, call) => {
    const { token = '', receivedBytes = 0 } = (await ctx.kept.claim(parse(request, call))) ?? {};
    return { resumeToken: token, receivedBytes };
  };

const parse = (
  { sha256, sizeBytes, customerId }: FindUploadRequest,
  call: CallContext,
): Announced => {
  const caller = callerOf(call);
  const wrong = collectViolations();
  wrong.require(isSha256(sha256), 'sha256', '64 lower-case hexadecimal digits');
  checkCustomer(wrong, 'customer_id', caller, customerId);
  wrong.throwIfAny();
  return { owner: ownerFolder(customerOf(caller, customerId)), sha256, sizeBytes };
};
