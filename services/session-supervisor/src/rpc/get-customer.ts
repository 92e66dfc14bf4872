import type { GetCustomerRequest, GetCustomerResponse } from '#libs/contracts/session.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { customerToProto } from '../wire/customer.ts';

export const getCustomer =
  (ctx: Context): Unary<GetCustomerRequest, GetCustomerResponse> =>
  async ({ customerId }) => {
    const document = await ctx.customers.find(requireText('customer_id', customerId));
    if (document === undefined) {
      const message = `customer ${customerId} was never put; it has the configured plan`;
      const named = { customer: customerId };
      throw new DomainError(status.NOT_FOUND, 'CUSTOMER_NOT_FOUND', message, named);
    }
    return { customer: customerToProto(document) };
  };
