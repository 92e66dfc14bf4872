import { isAbsolute } from 'node:path';
import type {
  StartVisualizationRequest,
  StartVisualizationResponse,
} from '#libs/contracts/port.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../../context.ts';
import type { Source } from '../../visualization/case.ts';
import { connectionStringOf } from '../../visualization/connect-id.ts';
import { pvscOf } from '../../visualization/pvsc.ts';
import { bracketed } from '../../vnc/websockify.ts';
import { holderOf, reach } from '../callers.ts';
import { checkWait, waitOf } from '../../wire/wait.ts';
import { visualizationToProto } from '../../wire/visualization.ts';

/** Starts a ParaView server for a case, or answers the existing one. */
export const startVisualization =
  (ctx: Context): Unary<StartVisualizationRequest, StartVisualizationResponse> =>
  async (request, call) => {
    const source = parse(request, call);
    const who = { ...holderOf(call.caller), reach: reach(call.caller) };
    const ask = { source, ...who, waitMs: waitOf(request.wait, call) };
    call.standAside();
    const { session, isReused } = await ctx.visualizations.start(ask, call.signal);
    // Whoever may start it may use it.
    const visualization = visualizationToProto(ctx, session, true);
    const {
      visualizationId,
      connectionString,
      connectId,
      host,
      port,
      foamPath,
      paraviewVersion,
      state,
    } = visualization;
    const name = source.kind === 'folder' ? source.folder : source.objectId;
    return {
      visualizationId,
      connectionString,
      connectId,
      host,
      port,
      foamPath,
      paraviewVersion,
      state,
      visualization,
      reused: isReused,
      pvsc: pvscOf(
        `${name} on ${host}`,
        connectionStringOf(bracketed(host), port, undefined),
        session.spec.connectId,
      ),
    };
  };

const parse = ({ source, wait }: StartVisualizationRequest, { caller }: CallContext): Source => {
  const wrong = collectViolations();
  checkWait(wrong, wait);
  const isNamed = source !== undefined && source.value !== '';
  if (wrong.require(isNamed, 'case', 'name a folder, or an object as `simulation`')) {
    const isPath = source?.$case !== 'case' || isAbsolute(source.value);
    wrong.require(isPath, 'case', 'must be an absolute path on the host of the broker');
  }
  const { $case, value } = wrong.passed(source);
  if ($case === 'simulation') {
    return { kind: 'object', objectId: value };
  }
  if (reach(caller) !== undefined) {
    throw operatorOnly();
  }
  return { kind: 'folder', folder: value };
};

const operatorOnly = (): DomainError =>
  new DomainError(
    status.PERMISSION_DENIED,
    'OPERATOR_ONLY',
    'only operators may name folders of the host; hand the case in as an object, and name that as `simulation`',
  );
