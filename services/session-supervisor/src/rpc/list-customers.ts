import type { ListCustomersRequest, ListCustomersResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { customerToProto } from '../wire/customer.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';

export const listCustomers =
  (ctx: Context): Unary<ListCustomersRequest, ListCustomersResponse> =>
  async (request) => {
    const { size, after } = parsePage(request, 'customers', 1);
    const documents = await ctx.customers.list(after?.[0] ?? '', size + 1);
    const { page, nextPageToken } = cutPage(documents, size, 'customers', ({ _id }) => [_id]);
    return { customers: page.map(customerToProto), nextPageToken };
  };
