import type { DrainMode, DrainUserRequest, DrainUserResponse } from '#libs/contracts/user.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { userToProto } from '../wire/user.ts';
import type { Drain } from '../domain/user.ts';
import { userNotConnected } from './errors.ts';

const toDrain = (mode: DrainMode): Drain | undefined => {
  switch (mode) {
    case 'DRAIN_MODE_AFTER_TASK':
      return 'after-task';
    case 'DRAIN_MODE_NOW':
      return 'now';
    case 'DRAIN_MODE_UNSPECIFIED':
    case 'UNRECOGNIZED':
      return undefined;
    default:
      return mode satisfies never;
  }
};

const parse = ({ userId, mode }: DrainUserRequest): { id: string; drain: Drain } => {
  const drain = toDrain(mode);
  const wrong = collectViolations();
  wrong.require(userId !== '', 'user_id', 'must be set');
  wrong.require(drain !== undefined, 'mode', 'must be DRAIN_MODE_AFTER_TASK or DRAIN_MODE_NOW');
  wrong.throwIfAny();
  return { id: userId, drain: drain! };
};

/** Takes a user out of service. The replica that matches tells its session. */
export const drainUser =
  (ctx: Context): Unary<DrainUserRequest, DrainUserResponse> =>
  async (request) => {
    const { id, drain } = parse(request);
    const user = await ctx.users.setDrain(id, drain);
    if (user === undefined) {
      throw userNotConnected(id);
    }
    ctx.announce(user);
    ctx.events.userDrained(user);
    return { user: userToProto(user) };
  };
