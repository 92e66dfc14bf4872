import {
  ComputeSessionServiceService,
  PortServiceService,
  VisualizationServiceService,
  VncServiceService,
} from '#libs/contracts/port.ts';
import type { ServiceBinding } from '#libs/grpc/index.ts';
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
import { computeRoutes, consoleRoutes, portRoutes, visualizationRoutes } from './routes.ts';
import { routed } from './routing.ts';
import { cleanupIdle } from './visualization/cleanup-idle.ts';
import { getVisualization } from './visualization/get-visualization.ts';
import { listVisualizations } from './visualization/list-visualizations.ts';
import { startVisualization } from './visualization/start-visualization.ts';
import { stopVisualization } from './visualization/stop-visualization.ts';
import { getVncSession } from './vnc/get-vnc-session.ts';
import { listVncSessions } from './vnc/list-vnc-sessions.ts';
import { startVncSession } from './vnc/start-vnc-session.ts';
import { stopVncSession } from './vnc/stop-vnc-session.ts';
import { watchLeases } from './watch-leases.ts';

/** Every rpc of this service. The handlers answer for this host; `routes.ts` says which host answers which call. */
export const services = (ctx: Context): ServiceBinding[] => {
  const ports = {
    acquireLease: acquireLease(ctx),
    renewLease: renewLease(ctx),
    releaseLease: releaseLease(ctx),
    getLease: getLease(ctx),
    listLeases: listLeases(ctx),
    watchLeases: watchLeases(ctx),
    getPoolStatus: getPoolStatus(ctx),
    reconcile: reconcile(ctx),
  };
  const visualizations = {
    startVisualization: startVisualization(ctx),
    getVisualization: getVisualization(ctx),
    listVisualizations: listVisualizations(ctx),
    stopVisualization: stopVisualization(ctx),
    cleanupIdle: cleanupIdle(ctx),
  };
  const consoles = {
    startVncSession: startVncSession(ctx),
    getVncSession: getVncSession(ctx),
    listVncSessions: listVncSessions(ctx),
    stopVncSession: stopVncSession(ctx),
  };
  const computeSessions = {
    startComputeSession: startComputeSession(ctx),
    sendCommand: sendCommand(ctx),
    listComputeSessions: listComputeSessions(ctx),
    getComputeSession: getComputeSession(ctx),
    setSessionUserInfo: setSessionUserInfo(ctx),
    endComputeSession: endComputeSession(ctx),
    listCommandLog: listCommandLog(ctx),
    listSessionMetrics: listSessionMetrics(ctx),
  };
  return [
    routed(ctx, PortServiceService, ports, portRoutes),
    routed(ctx, VisualizationServiceService, visualizations, visualizationRoutes),
    routed(ctx, VncServiceService, consoles, consoleRoutes),
    routed(ctx, ComputeSessionServiceService, computeSessions, computeRoutes),
  ];
};
