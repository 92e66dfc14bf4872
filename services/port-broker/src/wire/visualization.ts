import type { Visualization } from '#libs/contracts/port.ts';
import type { Context } from '../context.ts';
import { CASE } from '../visualization/pvserver.ts';
import type { VisualizationSession } from '../visualization/visualizations.ts';
import { bracketed } from '../vnc/websockify.ts';
import { aboutSession } from './session.ts';

export const visualizationToProto = (
  ctx: Pick<Context, 'clock' | 'hosts' | 'publicHost' | 'visualizations'>,
  session: VisualizationSession,
): Visualization => {
  const { id, port, spec, state } = session;
  const isOver = state === 'ended';
  const left = isOver ? undefined : ctx.visualizations.idle.leftMs(id);
  return {
    ...aboutSession(session),
    visualizationId: id,
    hostName: ctx.hosts.own,
    case: spec.caseDir,
    simulation: spec.objectId,
    connectionString: isOver || port === 0 ? '' : `cs://${bracketed(ctx.publicHost)}:${port}`,
    host: ctx.publicHost,
    port,
    foamPath: spec.foam === '' ? '' : `${CASE}/${spec.foam}`,
    paraviewVersion: spec.version,
    clients: ctx.visualizations.clients(id),
    idleEndTime: left === undefined ? undefined : new Date(ctx.clock.now() + left),
  };
};
