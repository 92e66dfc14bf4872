import type { Caller } from '#libs/auth/index.ts';
import type { Visualization } from '#libs/contracts/port.ts';
import type { Context } from '../context.ts';
import { connectionStringOf } from '../visualization/connect-id.ts';
import { CASE } from '../visualization/pvserver.ts';
import type { VisualizationSession } from '../visualization/visualizations.ts';
import { bracketed } from '../vnc/websockify.ts';
import { aboutSession } from './session.ts';

/** Whether a caller gets to see the secret of a server: its owner, and operators. */
export const isTold = (caller: Caller | undefined, { owner }: VisualizationSession): boolean =>
  caller?.role === 'operator' || caller?.subject === owner;

/** `isShown`: with what a client needs to be let in. */
export const visualizationToProto = (
  ctx: Pick<Context, 'clock' | 'hosts' | 'publicHost' | 'visualizations'>,
  session: VisualizationSession,
  isShown: boolean,
): Visualization => {
  const { id, port, spec, state } = session;
  const isOver = state === 'ended';
  const connectId = isShown && !isOver ? spec.connectId : undefined;
  const left = isOver ? undefined : ctx.visualizations.idle.leftMs(id);
  return {
    ...aboutSession(session),
    visualizationId: id,
    hostName: ctx.hosts.own,
    case: spec.caseDir,
    simulation: spec.objectId,
    connectionString:
      isOver || port === 0 ? '' : connectionStringOf(bracketed(ctx.publicHost), port, connectId),
    connectId: connectId ?? 0,
    host: ctx.publicHost,
    port,
    foamPath: spec.foam === '' ? '' : `${CASE}/${spec.foam}`,
    paraviewVersion: spec.version,
    clients: ctx.visualizations.clients(id),
    idleEndTime: left === undefined ? undefined : new Date(ctx.clock.now() + left),
  };
};
