import { CUSTOMER_ID_RULE, isCustomerId } from '#libs/auth/index.ts';
import type { PutCustomerRequest, PutCustomerResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import {
  collectViolations,
  MAX_PARKED_WORKLOADS,
  MAX_RUNNING_WORKLOADS,
  MAX_WANTED_USERS,
  MAX_WEIGHT,
} from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import type { CustomerChange } from '../store/customers.ts';
import { customerToProto } from '../wire/customer.ts';

const PLAN_PATHS = [
  'plan.running_workloads',
  'plan.users',
  'plan.weight',
  'plan.parked_workloads',
] as const;
const PATHS: readonly string[] = ['display_name', 'plan', ...PLAN_PATHS];

export const putCustomer =
  (ctx: Context): Unary<PutCustomerRequest, PutCustomerResponse> =>
  async (request, { log }) => {
    const { id, change } = parsePut(request);
    const document = await ctx.customers.put(id, change, new Date(ctx.clock.now()));
    // The plan may have grown. If this fails, the queue is looked at again later.
    ctx.sessions
      .admit(id)
      .catch((err: unknown) => log.debug({ err, customer: id }, 'a queue was not looked at'));
    return { customer: customerToProto(document) };
  };

const parsePut = ({
  customer,
  updateMask,
}: PutCustomerRequest): { id: string; change: CustomerChange } => {
  const wrong = collectViolations();
  const { require } = wrong;
  const { customerId = '', displayName = '', plan } = customer ?? {};
  const { runningWorkloads = 0, users = 0, weight = 0, parkedWorkloads = 0 } = plan ?? {};
  require(isCustomerId(customerId), 'customer.customer_id', CUSTOMER_ID_RULE);
  require(displayName.length <= 200, 'customer.display_name', 'must be at most 200 characters');
  const bound = (path: string, value: number, max: number): boolean => {
    const rule = `must be 1 to ${max.toLocaleString('en')}, or 0 for the configured`;
    return require(value <= max, `customer.${path}`, rule);
  };
  bound('plan.running_workloads', runningWorkloads, MAX_RUNNING_WORKLOADS);
  bound('plan.users', users, MAX_WANTED_USERS);
  bound('plan.weight', weight, MAX_WEIGHT);
  bound('plan.parked_workloads', parkedWorkloads, MAX_PARKED_WORKLOADS);
  for (const path of updateMask ?? []) {
    require(PATHS.includes(path), 'update_mask', `${path} is not one of ${PATHS.join(', ')}`);
  }
  wrong.throwIfAny();
  const changed = <T>(path: string, value: T): T | undefined =>
    (updateMask?.some((masked) => `${path}.`.startsWith(`${masked}.`)) ?? true) ? value : undefined;
  return {
    id: customerId,
    change: {
      displayName: changed('display_name', displayName),
      plan: {
        runningWorkloads: changed('plan.running_workloads', runningWorkloads),
        users: changed('plan.users', users),
        weight: changed('plan.weight', weight),
        parkedWorkloads: changed('plan.parked_workloads', parkedWorkloads),
      },
    },
  };
};
