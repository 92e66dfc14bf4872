import type { Customer } from '#libs/contracts/session.ts';
import type { CustomerDocument } from '../store/customers.ts';

/** A customer as callers see it. In the plan, 0 means the configured value. */
export const customerToProto = ({
  _id,
  displayName,
  plan = {},
  createdAt,
  updatedAt,
}: CustomerDocument): Customer => ({
  customerId: _id,
  displayName,
  plan: {
    runningWorkloads: plan.runningWorkloads ?? 0,
    users: plan.users ?? 0,
    weight: plan.weight ?? 0,
    parkedWorkloads: plan.parkedWorkloads ?? 0,
  },
  createTime: createdAt,
  updateTime: updatedAt,
});
