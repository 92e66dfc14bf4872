import {
  WorkloadState as ProtoState,
  type StartWorkloadResponse,
  type Workload,
} from '#libs/contracts/session.ts';
import { outerCountsOf, verifiedCount, type Counts, type Phase } from '../domain/state/workload.ts';
import { wantedApprovalsOf } from './approvals.ts';
import { nodesOf } from './nodes.ts';
import type { View } from '../session/reads/reads.ts';
import type { WorkloadDocument } from '../store/workload-document.ts';
import { kindOf } from '../kinds/kinds.ts';
import { wireOf } from '../kinds/wires.ts';

/** Most shares of users in a workload. Further ones are left out. */
const MAX_SHARES = 1_000;

const PHASES: Readonly<Record<Phase, ProtoState>> = {
  pending: ProtoState.PENDING,
  running: ProtoState.RUNNING,
  paused: ProtoState.PAUSED,
  'awaiting-approval': ProtoState.AWAITING_APPROVAL,
  stopped: ProtoState.STOPPED,
  completed: ProtoState.COMPLETED,
  failed: ProtoState.FAILED,
};

/** A phase as callers see it. */
export const phaseToProto = (phase: Phase): ProtoState => PHASES[phase];

/** The phase that a filter names. */
export const phaseFromProto = (state: ProtoState): Phase | undefined =>
  (Object.keys(PHASES) as Phase[]).find((phase) => PHASES[phase] === state);

/** Share of done tasks in percent, 0 to 100, with two digits. It is 100 only if all are done. */
export const percentageOf = (completed: number, total: number): number =>
  total === 0 ? 0 : Math.floor((completed * 10_000) / total) / 100;

/** A workload for callers, from the fold of its journal. */
const viewToProto = ({ document, state, revision }: View): Workload => {
  const { ending, startedAt, wanted, shares } = state;
  const nodes = nodesOf(state);
  return {
    ...headerToProto(document),
    ...numbers(outerCountsOf(state)),
    state: phaseToProto(state.phase),
    reason: ending?.reason ?? '',
    reasonMessage: ending?.message ?? '',
    wantedUsers: wanted,
    startTime: startedAt === undefined ? undefined : new Date(startedAt),
    endTime: ending === undefined ? undefined : new Date(ending.at),
    shares: shares
      .toSorted((a, b) => b.completed - a.completed)
      .slice(0, MAX_SHARES)
      .map(({ id: userId, name: userName, ...work }) => ({ userId, userName, ...work })),
    revision,
    renderVersion: state.version,
    engine: state.engine,
    notes: state.notes.toSorted((a, b) => b.results - a.results),
    madeWith: state.madeWith
      .toSorted((a, b) => b.results - a.results)
      .map(({ results, ...used }) => ({ used, results })),
    nodes: nodes.length > 1 ? nodes : [],
    verified: verifiedCount(state),
    refusedResults: state.refused.map(({ id: userId, name: userName, ...last }) => ({
      userId,
      userName,
      ...last,
    })),
    wantedApprovals: wantedApprovalsOf(state),
    wantedApprovalCount: state.unruled.count,
  };
};

/** The answer of the rpcs that show one workload. */
export const answerOf = (view: View): StartWorkloadResponse => ({
  workload: viewToProto(view),
  revision: view.revision,
});

/** A workload for lists, from its projection, which may be a second old. */
export const listedToProto = (document: WorkloadDocument): Workload => {
  const { projection } = document;
  const { total, completed, failed } = projection;
  const wire = wireOf(document.spec.kind);
  return {
    ...headerToProto(document),
    spec: wire.toProto(wire.shortened(document.spec)),
    ...numbers({ total, completed, failed, remaining: total - completed - failed }),
    state: phaseToProto(projection.phase),
    reason: projection.reason,
    reasonMessage: projection.message,
    wantedUsers: projection.wanted,
    startTime: projection.startedAt,
    endTime: projection.endedAt,
    shares: [],
    revision: projection.position,
    renderVersion: '',
    engine: '',
    notes: [],
    madeWith: [],
    nodes: [],
    verified: 0,
    refusedResults: [],
    wantedApprovals: [],
    wantedApprovalCount: 0,
  };
};

const numbers = (counts: Counts) => ({
  ...counts,
  percentage: percentageOf(counts.completed, counts.total),
});

const headerToProto = ({ _id, customer, spec, file, createdAt, ticket }: WorkloadDocument) => {
  const { nodes } = kindOf(spec).graphOf(spec);
  const first = nodes.find(({ isInner }) => isInner !== true);
  return {
    workloadId: _id,
    customerId: customer,
    objectId: file?.objectId ?? '',
    fileName: file?.fileName ?? '',
    spec: wireOf(spec.kind).toProto(spec),
    createTime: createdAt,
    blenderVersion: file?.blenderVersion ?? '',
    firstFrame: first?.indices.first ?? 0,
    lastFrame: first?.indices.last ?? 0,
    queued: ticket !== undefined,
  };
};
