import { PortServiceService, VisualizationServiceService, VncServiceService } from '#libs/contracts/port.ts';
import { implement, type ServiceBinding } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { acquireLease } from './acquire-lease.ts';
import { getLease } from './get-lease.ts';
import { getPoolStatus } from './get-pool-status.ts';
import { listLeases } from './list-leases.ts';
import { reconcile } from './reconcile.ts';
import { releaseLease } from './release-lease.ts';
import { renewLease } from './renew-lease.ts';
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

/** Every rpc of this service. */
export const services = (ctx: Context): ServiceBinding[] => [
  implement(PortServiceService, {
    acquireLease: acquireLease(ctx),
    renewLease: renewLease(ctx),
    releaseLease: releaseLease(ctx),
    getLease: getLease(ctx),
    listLeases: listLeases(ctx),
    watchLeases: watchLeases(ctx),
    getPoolStatus: getPoolStatus(ctx),
    reconcile: reconcile(ctx),
  }),
  implement(VisualizationServiceService, {
    startVisualization: startVisualization(ctx),
    getVisualization: getVisualization(ctx),
    listVisualizations: listVisualizations(ctx),
    stopVisualization: stopVisualization(ctx),
    cleanupIdle: cleanupIdle(ctx),
  }),
  implement(VncServiceService, {
    startVncSession: startVncSession(ctx),
    getVncSession: getVncSession(ctx),
    listVncSessions: listVncSessions(ctx),
    stopVncSession: stopVncSession(ctx),
  }),
];
