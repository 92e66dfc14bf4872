import { inTurns } from '#libs/async/index.ts';
import type { KeepPartsRequest, KeepPartsResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, isId, parseBlobName } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { removeUnneeded } from '../store/keep-parts.ts';

export const keepParts =
  (ctx: Context): Unary<KeepPartsRequest, KeepPartsResponse> =>
  async ({ workloadId, checkpoints }, call) => {
    const wrong = collectViolations();
    wrong.require(isId(workloadId), 'workload_id', 'the id of a workload');
    checkpoints.forEach((text, i) => {
      const name = parseBlobName(text);
      const isOwn = name?.kind === 'checkpoint' && name.workload === workloadId;
      wrong.require(isOwn, `checkpoints[${i}]`, 'the manifest of a checkpoint of this workload');
    });
    wrong.throwIfAny();
    const turn = inTurns(ctx.clock);
    const removed = await removeUnneeded(ctx, workloadId, new Set(checkpoints), turn, call.signal);
    if (removed > 0) {
      ctx.events.partsKept(call.log, workloadId, removed);
    }
    return { removed };
  };
