import type { FindObjectsRequest, FindObjectsResponse } from '#libs/contracts/blob.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { collectViolations, isSha256, MAX_FIND_OBJECTS } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { findStored } from '../store/find-stored.ts';
import { objectToProto } from '../wire/messages.ts';
import { checkCustomer, customerOf } from '../wire/requests.ts';
import { callerOf } from './reachable.ts';

export const findObjects =
  (ctx: Context): Unary<FindObjectsRequest, FindObjectsResponse> =>
  async (request, call) => {
    const { customer, sha256 } = parse(request, call);
    const objects = await findStored(ctx, customer, sha256, call.signal);
    return { objects: objects.map(objectToProto) };
  };

const parse = (
  { sha256, customerId }: FindObjectsRequest,
  call: CallContext,
): { customer: string; sha256: readonly string[] } => {
  const caller = callerOf(call);
  const wrong = collectViolations();
  wrong.require(sha256.length <= MAX_FIND_OBJECTS, 'sha256', `at most ${MAX_FIND_OBJECTS}`);
  wrong.require(sha256.every(isSha256), 'sha256', 'each 64 lower-case hexadecimal digits');
  checkCustomer(wrong, 'customer_id', caller, customerId);
  wrong.throwIfAny();
  return { customer: customerOf(caller, customerId), sha256 };
};
