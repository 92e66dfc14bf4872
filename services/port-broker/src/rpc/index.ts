import {
  ComputeSessionServiceService,
  PortServiceService,
  VisualizationServiceService,
  VncServiceService,
  type ListVncSessionsResponse,
} from '#libs/contracts/port.ts';
import { implement, type CallContext, type Handlers, type ServiceBinding, type Unary } from '#libs/grpc/index.ts';
import type { UnaryMethod } from '../hosts/forward.ts';
import type { Context } from '../context.ts';
import { acquireLease } from './acquire-lease.ts';
import { endComputeSession } from './compute/end-compute-session.ts';
import { getComputeSession } from './compute/get-compute-session.ts';
import { listCommandLog } from './compute/list-command-log.ts';
import { listComputeSessions } from './compute/list-compute-sessions.ts';
import { listSessionMetrics } from './compute/list-session-metrics.ts';
import { sendCommand } from './compute/send-command.ts';
import { setSessionUserInfo } from './compute/set-session-user-info.ts';
import { startComputeSession } from './compute/start-compute-session.ts';
import { getLease } from './get-lease.ts';
import { getPoolStatus } from './get-pool-status.ts';
import { listLeases } from './list-leases.ts';
import { reconcile } from './reconcile.ts';
import { releaseLease } from './release-lease.ts';
import { renewLease } from './renew-lease.ts';
import { cleanupIdle } from './visualization/cleanup-idle.ts';
import { getVisualization } from './visualization/get-visualization.ts';
import { listVisualizations } from './visualization/list-visualizations.ts';
import { ofAllHosts, ofHost, ofId, ofKey, pagesOfHosts, placed, streamOfHost } from './several-hosts.ts';
import { startVisualization } from './visualization/start-visualization.ts';
import { stopVisualization } from './visualization/stop-visualization.ts';
import { getVncSession } from './vnc/get-vnc-session.ts';
import { listVncSessions } from './vnc/list-vnc-sessions.ts';
import { startVncSession } from './vnc/start-vnc-session.ts';
import { stopVncSession } from './vnc/stop-vnc-session.ts';
import { sumOf } from './vnc/vnc-proto.ts';
import { watchLeases } from './watch-leases.ts';

/** Every rpc of this service: each answers for its host, and finds the host that it is about. */
export const services = (ctx: Context): ServiceBinding[] => [
  implement(PortServiceService, ports(ctx)),
  implement(VisualizationServiceService, visualizations(ctx)),
  implement(VncServiceService, consoles(ctx)),
  implement(ComputeSessionServiceService, computeSessions(ctx)),
];

const ports = (ctx: Context): Handlers<typeof PortServiceService> => {
  const rpc = PortServiceService;
  return {
    acquireLease: placed(ctx, rpc.acquireLease, acquireLease(ctx), ({ pool, requestId }, { caller }) => ({
      pool,
      key: requestId === '' ? '' : `lease ${caller?.subject ?? ''} ${requestId}`,
    })),
    renewLease: ofId(ctx, rpc.renewLease, renewLease(ctx), ({ leaseId }) => leaseId),
    releaseLease: ofId(ctx, rpc.releaseLease, releaseLease(ctx), ({ leaseId }) => leaseId),
    getLease: ofId(ctx, rpc.getLease, getLease(ctx), ({ leaseId }) => leaseId),
    listLeases: pagesOfHosts(ctx, rpc.listLeases, listLeases(ctx), 'leases', joined('leases')),
    watchLeases: streamOfHost(ctx, rpc.watchLeases, watchLeases(ctx)),
    getPoolStatus: ofAllHosts(ctx, rpc.getPoolStatus, getPoolStatus(ctx), joined('pools')),
    reconcile: ofHost(ctx, rpc.reconcile, reconcile(ctx)),
  };
};

const visualizations = (ctx: Context): Handlers<typeof VisualizationServiceService> => {
  const rpc = VisualizationServiceService;
  const idOf = ({ visualizationId }: { visualizationId: string }): string => visualizationId;
  return {
    startVisualization: placed(ctx, rpc.startVisualization, startVisualization(ctx), ({ source }) => ({
      pool: 'visualization',
      key: `${source?.$case ?? ''} ${source?.value ?? ''}`,
    })),
    getVisualization: ofId(ctx, rpc.getVisualization, getVisualization(ctx), idOf),
    listVisualizations: pagesOfHosts(
      ctx,
      rpc.listVisualizations,
      listVisualizations(ctx),
      'visualizations',
      joined('visualizations'),
    ),
    stopVisualization: ofId(ctx, rpc.stopVisualization, stopVisualization(ctx), idOf),
    cleanupIdle: ofAllHosts(ctx, rpc.cleanupIdle, cleanupIdle(ctx), joined('ended')),
  };
};

const consoles = (ctx: Context): Handlers<typeof VncServiceService> => {
  const rpc = VncServiceService;
  const named = <Q extends { sessionId: string; vm: string }, R>(method: UnaryMethod<Q, R>, handler: Unary<Q, R>) => {
    const byId = ofId(ctx, method, handler, ({ sessionId }) => sessionId);
    const byVm = ofKey(ctx, method, handler, ({ vm }) => `vm ${vm}`);
    return (request: Q, call: CallContext): Promise<R> => (request.sessionId === '' ? byVm : byId)(request, call);
  };
  return {
    startVncSession: placed(ctx, rpc.startVncSession, startVncSession(ctx), ({ vm }) => ({
      pool: 'vnc',
      key: `vm ${vm}`,
    })),
    getVncSession: named(rpc.getVncSession, getVncSession(ctx)),
    listVncSessions: pagesOfHosts(ctx, rpc.listVncSessions, listVncSessions(ctx), 'sessions', joinedConsoles),
    stopVncSession: named(rpc.stopVncSession, stopVncSession(ctx)),
  };
};

const computeSessions = (ctx: Context): Handlers<typeof ComputeSessionServiceService> => {
  const rpc = ComputeSessionServiceService;
  const idOf = ({ sessionId }: { sessionId: string }): string => sessionId;
  return {
    startComputeSession: placed(
      ctx,
      rpc.startComputeSession,
      startComputeSession(ctx),
      ({ requestId }, { caller }) => ({
        pool: 'compute',
        key: requestId === '' ? '' : `compute ${caller?.subject ?? ''} ${requestId}`,
      }),
    ),
    sendCommand: ofId(ctx, rpc.sendCommand, sendCommand(ctx), idOf),
    listComputeSessions: pagesOfHosts(
      ctx,
      rpc.listComputeSessions,
      listComputeSessions(ctx),
      'sessions',
      joined('sessions'),
    ),
    getComputeSession: ofId(ctx, rpc.getComputeSession, getComputeSession(ctx), idOf),
    setSessionUserInfo: ofId(ctx, rpc.setSessionUserInfo, setSessionUserInfo(ctx), idOf),
    endComputeSession: ofId(ctx, rpc.endComputeSession, endComputeSession(ctx), idOf),
    listCommandLog: ofId(ctx, rpc.listCommandLog, listCommandLog(ctx), idOf),
    listSessionMetrics: ofId(ctx, rpc.listSessionMetrics, listSessionMetrics(ctx), idOf),
  };
};

/** One answer of two hosts': the named list of both. */
const joined =
  <K extends string>(field: K) =>
  <R extends Record<K, readonly unknown[]> & { unreachableHosts: string[] }>(one: R, other: R): R => ({
    ...one,
    ...other,
    [field]: [...one[field], ...other[field]],
    unreachableHosts: [...one.unreachableHosts, ...other.unreachableHosts],
  });

const joinedConsoles = (one: ListVncSessionsResponse, other: ListVncSessionsResponse): ListVncSessionsResponse => ({
  ...joined('sessions')(one, other),
  stats: sumOf(one.stats, other.stats),
});
