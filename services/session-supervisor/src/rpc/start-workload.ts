import { createHash } from 'node:crypto';
import { CUSTOMER_ID_RULE, isCustomerId } from '#libs/auth/index.ts';
import { StartWorkloadRequest, type StartWorkloadResponse } from '#libs/contracts/session.ts';
import { type DomainError, requestIdReused } from '#libs/errors/index.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import {
  checkRequestId,
  collectViolations,
  isId,
  MAX_WANTED_USERS,
  type Violations,
} from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { begin } from '../domain/state/workload.ts';
import { kindOf, type WorkloadSpec } from '../kinds/kinds.ts';
import { SPEC_CASES, wireOf } from '../kinds/wires.ts';
import { alreadyRunning, parkedFull, queueFull } from '../session/owner/errors.ts';
import { projectionOf, type WorkloadDocument } from '../store/workload-document.ts';
import type { Refused, Started } from '../store/workloads.ts';
import { customerFor } from './target.ts';
import { answerOf } from '../wire/workload.ts';

/** A checked start request. */
type Ask = ReturnType<typeof parseStart>;

export const startWorkload =
  (ctx: Context): Unary<StartWorkloadRequest, StartWorkloadResponse> =>
  async (request, call) => {
    const ask = parseStart(request, call);
    if (request.validateOnly === true) {
      return validate(ctx, ask);
    }
    // A repetition is answered before anything else is read, because its object may be gone by now.
    const started = (await ctx.workloads.repetition(ask)) ?? (await start(ctx, ask, call));
    if (started.kind === 'request-id-reused') {
      throw requestIdReused(ask.requestId ?? '');
    }
    if (!('document' in started)) {
      throw refusalOf(ask, started);
    }
    const { document } = started;
    if (started.kind === 'inserted') {
      ctx.events.workloadStarted(document._id, document.customer, document.projection.total);
      // The answer does not wait for this. If it fails, the owner opens the workload at its next heartbeat.
      ctx.sessions
        .open(document.ticket === undefined ? document : await placed(ctx, document, call))
        .catch((err: unknown) =>
          call.log.warn({ err, workload: document._id }, 'a new workload opens with the next beat'),
        );
    }
    return answerOf(await ctx.reads.existing(document._id));
  };

const refusalOf = ({ customer }: Ask, refused: Refused): DomainError => {
  switch (refused.kind) {
    case 'full':
      return alreadyRunning(customer, refused.running);
    case 'queue-full':
      return queueFull(customer);
    case 'parked-full':
      return parkedFull(customer);
    default:
      return refused satisfies never;
  }
};

/** Says what a start would be refused for now, apart from its object. */
const validate = async (
  ctx: Pick<Context, 'customers' | 'workloads'>,
  ask: Ask,
): Promise<StartWorkloadResponse> => {
  const { customer, queues, spec } = ask;
  const plan = await ctx.customers.planOf(customer);
  const { runningWorkloads: slots } = plan;
  const parked = kindOf(spec).hasGates(spec) ? plan.parkedWorkloads : undefined;
  const refused = await ctx.workloads.refusal({ customer, slots, queues, parked });
  if (refused !== undefined) {
    throw refusalOf(ask, refused);
  }
  return { workload: undefined, revision: 0 };
};

/** The document after a look at the queue: a slot may have become free while the workload joined. */
const placed = async (
  { sessions, workloads }: Context,
  document: WorkloadDocument,
  { log }: CallContext,
): Promise<WorkloadDocument> => {
  try {
    await sessions.admit(document.customer);
    return (await workloads.find(document._id)) ?? document;
  } catch (err) {
    log.warn({ err, workload: document._id }, 'the queue is looked at again later');
    return document;
  }
};

const start = async (ctx: Context, ask: Ask, { signal }: CallContext): Promise<Started> => {
  const { customer, spec, objectId, requestId, requestHash } = ask;
  const plan = await ctx.customers.planOf(customer);
  const header = {
    id: ctx.random.id('w'),
    customer,
    wanted: ask.wanted ?? plan.users,
    createdAt: ctx.clock.now(),
    ...(await wireOf(spec.kind).prepare(ctx, spec, customer, objectId, signal)),
  };
  return ctx.workloads.start({
    header,
    requestId,
    requestHash,
    projection: projectionOf(begin(header), ''),
    owner: ctx.instance,
    slots: plan.runningWorkloads,
    queues: ask.queues,
    parked: kindOf(spec).hasGates(spec) ? plan.parkedWorkloads : undefined,
  });
};

const parseStart = (request: StartWorkloadRequest, call: CallContext) => {
  const wrong = collectViolations();
  const customer = customerFor(call.caller, request.customerId);
  if (wrong.require(isCustomerId(customer), 'customer_id', CUSTOMER_ID_RULE)) {
    const isOwn = request.customerId === '' || request.customerId === customer;
    wrong.require(isOwn, 'customer_id', 'must be empty, or your own');
  }
  checkRequestId(wrong, request.requestId);
  const { wantedUsers: wanted } = request;
  const isWithin = (wanted ?? 0) <= MAX_WANTED_USERS;
  wrong.require(isWithin, 'wanted_users', 'must be at most 100,000');
  const spec = wrong.passed(parseSpec(request, wrong));
  return {
    customer,
    objectId: request.objectId,
    spec,
    wanted,
    queues: request.queue,
    requestId: request.requestId === '' ? undefined : request.requestId,
    requestHash: createHash('sha256')
      .update(StartWorkloadRequest.encode({ ...request, customerId: customer }).finish())
      .digest('hex'),
  };
};

const parseSpec = (
  { spec, objectId, validateOnly = false }: StartWorkloadRequest,
  wrong: Violations,
): WorkloadSpec | undefined => {
  wrong.require(spec !== undefined, 'spec', `give ${SPEC_CASES.join(' or ')}`);
  if (spec === undefined) {
    return undefined;
  }
  const wire = wireOf(spec.$case);
  const isToCome = validateOnly && objectId === '';
  const isRight = wire.hasInput ? isToCome || isId(objectId) : objectId === '';
  const rule = wire.hasInput
    ? 'must be the id of an object (ObjectService.CreateObject)'
    : `must be empty for ${spec.$case}`;
  wrong.require(isRight, 'object_id', rule);
  return wire.parse(spec.value, wrong);
};
