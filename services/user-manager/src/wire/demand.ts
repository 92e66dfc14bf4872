import type {
  Demand,
  DemandStatus,
  ListDemandsRequest,
  ListDemandsResponse,
  RemoveDemandRequest,
  UserClaim,
  UsersReleased,
} from '#libs/contracts/user.ts';
import { CUSTOMER_ID_RULE, isCustomerId } from '#libs/auth/index.ts';
import {
  collectViolations,
  isId,
  MAX_WANTED_USERS,
  MAX_WEIGHT,
  type Violations,
} from '#libs/mesh/index.ts';
import { cutPage, parsePage } from '#libs/pages/index.ts';

const MAX_USERS = 100_000;

const checkUsers = (users: readonly UserClaim[], field: string, wrong: Violations): void => {
  wrong.require(users.length <= MAX_USERS, field, `must be at most ${MAX_USERS}`);
  for (const [i, { userId, connectionId }] of users.entries()) {
    wrong.require(isId(userId), `${field}[${i}].user_id`, 'must be a user id');
    wrong.require(isId(connectionId), `${field}[${i}].connection_id`, 'must be a connection id');
  }
};

/** A demand with everything in bounds. Throws INVALID_ARGUMENT `INVALID_FIELDS`. */
export const parseDemand = (demand: Demand | undefined): Demand => {
  const wrong = collectViolations();
  wrong.require(demand !== undefined, 'demand', 'must be set');
  if (demand !== undefined) {
    const { workloadId, customerId, wanted, weight } = demand;
    const message = wrong.within('demand');
    message.require(isId(workloadId), 'workload_id', 'must be a workload id');
    message.require(isCustomerId(customerId), 'customer_id', CUSTOMER_ID_RULE);
    message.require(wanted <= MAX_WANTED_USERS, 'wanted', `must be at most ${MAX_WANTED_USERS}`);
    message.require(weight >= 1 && weight <= MAX_WEIGHT, 'weight', `must be 1 to ${MAX_WEIGHT}`);
    checkUsers(demand.users, 'demand.users', wrong);
  }
  wrong.throwIfAny();
  return demand!;
};

export const parseRemoval = (request: RemoveDemandRequest | undefined): RemoveDemandRequest => {
  const wrong = collectViolations();
  wrong.require(
    request !== undefined && isId(request.workloadId),
    'workload_id',
    'must be a workload id',
  );
  wrong.throwIfAny();
  return request!;
};

export const parseReleased = (request: UsersReleased): UsersReleased => {
  const wrong = collectViolations();
  wrong.require(isId(request.workloadId), 'workload_id', 'must be a workload id');
  checkUsers(request.users, 'users', wrong);
  wrong.throwIfAny();
  return request;
};

const workloadOf = ({ demand }: DemandStatus): string => demand?.workloadId ?? '';

/** One page of all demands, which are ordered by workload. */
export const pageOfDemands = (
  all: readonly DemandStatus[],
  request: ListDemandsRequest,
): ListDemandsResponse => {
  const { size, after } = parsePage(request, 'demands', 1);
  const rest =
    after === undefined ? all : all.filter((each) => workloadOf(each) > (after[0] ?? ''));
  const { page, nextPageToken } = cutPage(rest, size, 'demands', (each) => [workloadOf(each)]);
  return { demands: page, nextPageToken };
};
