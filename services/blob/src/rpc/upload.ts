import { signReceipt } from '#libs/auth/index.ts';
import type { UploadHeader, UploadRequest, UploadResponse } from '#libs/contracts/blob.ts';
import type { ClientStream } from '#libs/grpc/index.ts';
import { callerOf } from './reachable.ts';
import type { Context } from '../context.ts';
import { attemptHasOtherBytes, required, uploadNotKept } from '../domain/errors.ts';
import { type BlobName, formatBlobName } from '#libs/mesh/index.ts';
import { checkWhole } from '../domain/upload-rules.ts';
import type { KeptUpload } from '../store/kept-uploads.ts';
import { vanished } from '../store/azure-errors.ts';
import { bytesOf } from '../store/staged.ts';
import { BLOCK_BYTES } from '../store/block.ts';
import { chunksOf, firstOf } from '../wire/upload-chunks.ts';
import { settled } from './settled.ts';
import { checkStanding, thenCheck } from './stands.ts';
import { parseUpload } from '../wire/upload-header.ts';

export const upload =
  (ctx: Context): ClientStream<UploadRequest, UploadResponse> =>
  async (requests, call) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await firstOf(messages, ctx.clock);
    const header = required('header', headerOf(first), 'must be the first message');
    const caller = callerOf(call);
    const { target, node, expectation } = parseUpload(ctx, caller, header);
    const kept = await keptOf(ctx, target, header);
    const name = kept?.name ?? formatBlobName(target);
    const stands = await checkStanding(ctx, caller, target, node);
    using _place = await ctx.lanes.toUpload(caller, call.signal);
    using _underWay = kept && ctx.kept.underWay(kept.name);
    const earlierBytes = bytesOf(kept?.runs ?? []);
    const wanted = { ...expectation, earlierBytes };
    const chunks = thenCheck(chunksOf(messages, wanted, ctx.pace, ctx.clock), stands);
    const write = ctx.blobs.write(name, chunks, {
      signal: call.signal,
      check: (measured) => checkWhole(expectation, measured),
      earlier: earlierBytes > 0 ? kept?.runs : undefined,
      onStaged: kept && ctx.kept.keeper(kept),
    });
    const written = await (kept === undefined ? write : settled(ctx, kept.name, write));
    if (written.outcome === 'other-bytes') {
      throw kept === undefined ? attemptHasOtherBytes(name) : uploadNotKept();
    }
    const { outcome, sha256, sizeBytes } = written;
    const isShared = target.kind === 'part' && outcome === 'same';
    if (isShared && !(await ctx.blobs.touch({ name, sha256, sizeBytes }, call.signal))) {
      throw vanished();
    }
    ctx.events.uploadStored(call.log, { name, sha256, sizeBytes, outcome });
    const signature = signReceipt(ctx.meshSecret, { path: name, sha256, sizeBytes });
    return {
      blobName: name,
      sizeBytes,
      sha256,
      receipt:
        target.kind === 'upload' || target.kind === 'part'
          ? undefined
          : { blobName: name, sha256, sizeBytes, signature: Buffer.from(signature) },
    };
  };

/** Where the next upload can go on if this one is cut off. Undefined: it begins anew. Throws UPLOAD_NOT_KEPT. */
const keptOf = async (
  { kept, random }: Pick<Context, 'kept' | 'random'>,
  target: BlobName,
  { sha256, sizeBytes = 0, resumeToken = '' }: UploadHeader,
): Promise<KeptUpload | undefined> => {
  if (target.kind !== 'upload') {
    return undefined;
  }
  const file = { owner: target.owner, sha256, sizeBytes };
  if (resumeToken !== '') {
    const found = await kept.find(file, resumeToken);
    if (found === undefined) {
      throw uploadNotKept();
    }
    return found;
  }
  const isWorthIt = sha256 !== '' && sizeBytes > BLOCK_BYTES;
  const name = formatBlobName(target);
  return isWorthIt ? { name, token: random.id('k'), runs: [], ...file } : undefined;
};

const headerOf = (first: IteratorResult<UploadRequest>): UploadHeader | undefined =>
  first.done !== true && first.value.part?.$case === 'header' ? first.value.part.value : undefined;
