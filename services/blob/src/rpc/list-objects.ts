import type { ListObjectsRequest, ListObjectsResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { callerOf } from './caller.ts';
import type { Context } from '../context.ts';
import { requireFields } from '../domain/errors.ts';
import { customerOf, pageSizeCheck, pageSizeOf } from '../domain/requests.ts';
import { objectToProto } from './object-info.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

export const listObjects =
  (ctx: Context): Unary<ListObjectsRequest, ListObjectsResponse> =>
  async ({ customerId, pageSize, pageToken }, call) => {
    const customer = customerOf(callerOf(call), customerId);
    const question = `objects ${customer}`;
    const token = decodePageToken(question, pageToken);
    requireFields(pageSizeCheck(pageSize), [
      'page_token',
      token.isOurs,
      'the next_page_token of the page before, for the same customer',
    ]);
    const page = await ctx.objects.list({
      customer: customer === '' ? undefined : customer,
      pageSize: pageSizeOf(pageSize),
      after: token.position,
    });
    return { objects: page.objects.map(objectToProto), nextPageToken: encodePageToken(question, page.next) };
  };
