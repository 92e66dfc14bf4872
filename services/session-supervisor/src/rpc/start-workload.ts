import { createHash } from 'node:crypto';
import { CUSTOMER_ID_RULE, isCustomerId } from '#libs/auth/index.ts';
import { StartWorkloadRequest, type StartWorkloadResponse } from '#libs/contracts/session.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { checkRequestId, collectViolations, isId, type Violations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { begin, type WorkloadHeader } from '../domain/state/workload.ts';
import type { WorkloadSpec } from '../kinds/kinds.ts';
import { SPEC_CASES, wireOf } from '../kinds/wires.ts';
import { alreadyRunning, requestIdReused } from '../session/owner/errors.ts';
import { projectionOf } from '../store/workload-document.ts';
import type { Started } from '../store/workloads.ts';
import { customerFor } from './target.ts';
import { answerOf } from '../wire/workload.ts';

/** A checked start request. */
interface Ask {
  customer: string;
  objectId: string;
  spec: WorkloadSpec;
  wanted: number | undefined;
  requestId: string | undefined;
  requestHash: string;
}

export const startWorkload =
  (ctx: Context): Unary<StartWorkloadRequest, StartWorkloadResponse> =>
  async (request, call) => {
    const ask = parseStart(request, call);
    // A repetition is answered before anything else is read, because its object may be gone by now.
    const started = (await ctx.workloads.repetition(ask)) ?? (await start(ctx, ask, call));
    if (started.kind === 'full') {
      throw alreadyRunning(ask.customer, started.running);
    }
    if (started.kind === 'request-id-reused') {
      throw requestIdReused(ask.requestId ?? '');
    }
    const { document } = started;
    if (started.kind === 'inserted') {
      ctx.events.workloadStarted(document._id, document.customer, document.projection.total);
      // The answer does not wait for this. If it fails, the owner opens the workload at its next heartbeat.
      ctx.sessions.open(document).catch((thrown: unknown) => {
        call.log.warn(
          { err: thrown, workload: document._id },
          'a new workload opens with the next beat',
        );
      });
    }
    return answerOf(await ctx.reads.existing(document._id));
  };

const start = async (ctx: Context, ask: Ask, call: CallContext): Promise<Started> => {
  const plan = await ctx.customers.planOf(ask.customer);
  const header = await headerOf(ctx, ask, plan.users, call.signal);
  return ctx.workloads.start({
    header,
    requestId: ask.requestId,
    requestHash: ask.requestHash,
    projection: projectionOf(begin(header), ''),
    owner: ctx.instance,
    slots: plan.runningWorkloads,
  });
};

const parseStart = (request: StartWorkloadRequest, call: CallContext): Ask => {
  const wrong = collectViolations();
  const customer = customerFor(call.caller, request.customerId);
  if (wrong.require(isCustomerId(customer), 'customer_id', CUSTOMER_ID_RULE)) {
    const isOwn = request.customerId === '' || request.customerId === customer;
    wrong.require(isOwn, 'customer_id', 'must be empty, or your own');
  }
  checkRequestId(wrong, request.requestId);
  wrong.require((request.wantedUsers ?? 0) <= 100_000, 'wanted_users', 'must be at most 100,000');
  const spec = wrong.passed(parseSpec(request, wrong));
  return {
    customer,
    objectId: request.objectId,
    spec,
    wanted: request.wantedUsers,
    requestId: request.requestId === '' ? undefined : request.requestId,
    requestHash: createHash('sha256')
      .update(StartWorkloadRequest.encode({ ...request, customerId: customer }).finish())
      .digest('hex'),
  };
};

const parseSpec = (
  { spec, objectId }: StartWorkloadRequest,
  wrong: Violations,
): WorkloadSpec | undefined => {
  wrong.require(spec !== undefined, 'spec', `give ${SPEC_CASES.join(' or ')}`);
  if (spec === undefined) {
    return undefined;
  }
  const wire = wireOf(spec.$case);
  if (wire.hasInput) {
    wrong.require(
      isId(objectId),
      'object_id',
      'must be the id of an object (ObjectService.CreateObject)',
    );
  } else {
    wrong.require(objectId === '', 'object_id', `must be empty for ${spec.$case}`);
  }
  return wire.parse(spec.value, wrong);
};

const headerOf = async (
  ctx: Context,
  ask: Ask,
  planUsers: number,
  signal: AbortSignal,
): Promise<WorkloadHeader> => ({
  id: ctx.random.id('w'),
  customer: ask.customer,
  wanted: ask.wanted ?? planUsers,
  createdAt: ctx.clock.now(),
  ...(await wireOf(ask.spec.kind).prepare(ctx, ask.spec, ask.customer, ask.objectId, signal)),
});
