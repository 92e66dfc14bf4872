import { inTurns } from '#libs/async/index.ts';
import type { CheckPartsRequest, CheckPartsResponse } from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { findMissing } from '../store/find-missing.ts';
import { chunksOfManifest, openManifest } from '../store/manifests.ts';
import { requireManifest } from '../wire/requests.ts';

export const checkParts =
  (ctx: Context): Unary<CheckPartsRequest, CheckPartsResponse> =>
  async ({ blobName }, { signal }) => {
    const { workload } = requireManifest(collectViolations(), blobName);
    const manifest = await openManifest(ctx.blobs, blobName, signal);
    if (manifest === undefined) {
      throw blobNotFound(blobName);
    }
    const turn = inTurns(ctx.clock);
    const parts = new Map<string, number>();
    for await (const files of chunksOfManifest(manifest)) {
      for (const { sha256, sizeBytes } of files) {
        await turn();
        if (sha256 !== '') {
          parts.set(sha256, sizeBytes);
        }
      }
    }
    const ask = { workload, parts, isTouching: false, turn, signal };
    return { missingParts: (await findMissing(ctx.blobs, ask)).length };
  };
