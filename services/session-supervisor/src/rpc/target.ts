import type { Caller } from '#libs/auth/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { collectViolations, isId, type Violations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { workloadNotFound } from '../session/owner/errors.ts';
import type { View } from '../session/reads/reads.ts';

/** How a request names a workload. */
export interface Target {
  workloadId: string;
  customerId: string;
}

/** The customer that a caller means. For a customer it is always the caller. */
export const customerFor = (caller: Caller | undefined, customerId: string): string =>
  caller?.role === 'customer' ? caller.subject : customerId;

/** Throws `INVALID_FIELDS` if the request names no workload, or something else was noted as wrong. */
export const checkTarget = (
  wrong: Violations,
  caller: Caller | undefined,
  target: Target,
): void => {
  const isNamed = target.workloadId !== '' || customerFor(caller, target.customerId) !== '';
  wrong.require(isNamed, 'workload_id', 'give workload_id, or customer_id for the one that runs');
  wrong.throwIfAny();
};

/** The workload that a request means: the one it names, or the running one of the customer. */
export const resolve = async (
  ctx: Context,
  caller: Caller | undefined,
  target: Target,
): Promise<View> => {
  checkTarget(collectViolations(), caller, target);
  const { workloadId, customerId } = target;
  const id = workloadId === '' ? await runningOf(ctx, caller, customerId) : workloadId;
  const view = isId(id) ? await ctx.reads.view(id) : undefined;
  const owner = view?.document.customer;
  const isOwn = caller?.role === 'customer' && caller.subject === owner;
  const isMeant = workloadId === '' || customerId === '' || customerId === owner;
  if (view === undefined || !(isOwn || caller?.role === 'operator') || !isMeant) {
    throw workloadNotFound(id);
  }
  return view;
};

const runningOf = async (
  ctx: Context,
  caller: Caller | undefined,
  customerId: string,
): Promise<string> => {
  const customer = customerFor(caller, customerId);
  const running = (await ctx.workloads.running(customer)).map(({ _id }) => _id);
  const named = customerId || customer;
  const [only] = running;
  // A customer that names another one is not told what that one has.
  if (only === undefined || named !== customer) {
    throw new DomainError(
      status.NOT_FOUND,
      'NO_ACTIVE_WORKLOAD',
      `customer ${named} has no running workload`,
      { customer: named },
    );
  }
  if (running.length > 1) {
    const workloads = running.join(',');
    throw new DomainError(
      status.FAILED_PRECONDITION,
      'SEVERAL_ACTIVE_WORKLOADS',
      `customer ${customer} has several running workloads; give workload_id: ${workloads}`,
      { customer, workloads },
    );
  }
  return only;
};
