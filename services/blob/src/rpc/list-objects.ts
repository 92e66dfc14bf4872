import type { ListObjectsRequest, ListObjectsResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { pageToken, parsePage } from '#libs/pages/index.ts';
import { callerOf } from './reachable.ts';
import type { Context } from '../context.ts';
import { customerOf } from '../wire/requests.ts';
import { objectToProto } from '../wire/messages.ts';

export const listObjects =
  (ctx: Context): Unary<ListObjectsRequest, ListObjectsResponse> =>
  async (request, call) => {
    const customer = customerOf(callerOf(call), request.customerId);
    const question = `objects ${customer}`;
    const { size, after } = parsePage(request, question, 1);
    const page = await ctx.objects.list({
      customer: customer === '' ? undefined : customer,
      pageSize: size,
      after: after?.[0],
    });
    const nextPageToken = page.next === undefined ? '' : pageToken(question, [page.next]);
    return { objects: page.objects.map(objectToProto), nextPageToken };
  };
