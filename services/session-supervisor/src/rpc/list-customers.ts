import type { ListCustomersRequest, ListCustomersResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { customerToProto } from './customer-proto.ts';
import { pageToken, parsePage } from './pages.ts';

export const listCustomers =
  (ctx: Context): Unary<ListCustomersRequest, ListCustomersResponse> =>
  async (request) => {
    const { limit, after } = parsePage(request, ([id]) => id);
    const documents = await ctx.customers.list(after ?? '', limit + 1);
    const page = documents.slice(0, limit);
    const last = page.at(-1);
    const hasMore = documents.length > limit && last !== undefined;
    return { customers: page.map(customerToProto), nextPageToken: hasMore ? pageToken(last._id) : '' };
  };
