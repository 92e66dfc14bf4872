import { hash } from 'node:crypto';
import { signToken } from '#libs/auth/index.ts';
import type { CreateMachineRequest, CreateMachineResponse } from '#libs/contracts/user.ts';
import { requestIdReused } from '#libs/errors/index.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { checkRequestId, collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import type { Enrolment, MachineDocument } from '../store/machines.ts';
import { machineNameTaken } from './errors.ts';
import { machineToProto } from '../wire/user.ts';

const DAY_SECONDS = 86_400;
const DEFAULT_TTL_SECONDS = 30 * DAY_SECONDS;
const MAX_TTL_SECONDS = 3_650 * DAY_SECONDS;
const MAX_CHARS = 64;

const parse = ({ name, tokenTtlSeconds, requestId, ownerId = '' }: CreateMachineRequest) => {
  const wrong = collectViolations();
  wrong.require(
    name.length >= 1 && name.length <= MAX_CHARS && !/\p{Cc}/u.test(name),
    'name',
    `must be 1 to ${MAX_CHARS} characters without control characters`,
  );
  wrong.require(
    tokenTtlSeconds <= MAX_TTL_SECONDS,
    'token_ttl_seconds',
    `must be at most ${MAX_TTL_SECONDS} (10 years)`,
  );
  wrong.require(
    ownerId.length <= MAX_CHARS && !/\p{Cc}/u.test(ownerId),
    'owner_id',
    `must be up to ${MAX_CHARS} characters without control characters`,
  );
  checkRequestId(wrong, requestId);
  wrong.throwIfAny();
  return {
    name,
    requestId,
    ownerId,
    ttlSeconds: tokenTtlSeconds === 0 ? DEFAULT_TTL_SECONDS : tokenTtlSeconds,
  };
};

const enrolled = (
  enrolment: Enrolment,
  { name, requestId }: { name: string; requestId: string },
): MachineDocument => {
  switch (enrolment.kind) {
    case 'created':
    case 'repeated':
      return enrolment.machine;
    case 'request-id-reused':
      throw requestIdReused(requestId);
    case 'name-taken':
      throw machineNameTaken(name);
    default:
      return enrolment satisfies never;
  }
};

export const createMachine =
  (ctx: Context): Unary<CreateMachineRequest, CreateMachineResponse> =>
  async (request) => {
    const ask = parse(request);
    const enrolment = await ctx.machines.enrol({
      _id: ctx.random.id('m'),
      name: ask.name,
      createdAtMs: ctx.clock.now(),
      ...(ask.ownerId === '' ? {} : { owner: ask.ownerId }),
      ...(ask.requestId === ''
        ? {}
        : {
            requestId: ask.requestId,
            requestHash: hash(
              'sha256',
              JSON.stringify([
                ask.name,
                ask.ttlSeconds,
                ...(ask.ownerId === '' ? [] : [ask.ownerId]),
              ]),
            ),
          }),
    });
    const machine = enrolled(enrolment, ask);
    if (enrolment.kind === 'created') {
      ctx.events.machineEnrolled(machine);
    }
    const { key, issuer, audience } = ctx.agentTokens;
    const token = await signToken(key, {
      role: 'agent',
      subject: machine._id,
      machine: machine._id,
      issuer,
      audience,
      ttlSeconds: ask.ttlSeconds,
      nowMs: ctx.clock.now(),
    });
    return { machine: machineToProto(machine, undefined), token };
  };
