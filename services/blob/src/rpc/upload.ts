import { type Caller, signReceipt } from '#libs/auth/index.ts';
import type { UploadHeader, UploadRequest, UploadResponse } from '#libs/contracts/blob.ts';
import type { ClientStream } from '#libs/grpc/index.ts';
import { callerOf } from './reachable.ts';
import type { Context } from '../context.ts';
import { attemptHasOtherBytes, extensionRefused, required } from '../domain/errors.ts';
import { type BlobName, formatBlobName } from '#libs/mesh/index.ts';
import { checkWhole } from '../domain/upload-rules.ts';
import { chunksOf, firstOf } from '../wire/upload-chunks.ts';
import { parseUpload } from '../wire/upload-header.ts';

export const upload =
  (ctx: Context): ClientStream<UploadRequest, UploadResponse> =>
  async (requests, call) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await firstOf(messages, ctx.clock);
    const header = required('header', headerOf(first), 'must be the first message');
    const caller = callerOf(call);
    const { target, expectation } = parseUpload(ctx, caller, header);
    const name = formatBlobName(target);
    const stands = await checkStanding(ctx, caller, target);
    using _place = await ctx.lanes.toUpload(caller, call.signal);
    const chunks = thenCheck(chunksOf(messages, expectation, ctx.pace, ctx.clock), stands);
    const written = await ctx.blobs.write(name, chunks, {
      signal: call.signal,
      check: (measured) => checkWhole(expectation, measured),
    });
    if (written.outcome === 'other-bytes') {
      throw attemptHasOtherBytes(name);
    }
    const { outcome, sha256, sizeBytes } = written;
    ctx.events.uploadStored(call.log, { name, sha256, sizeBytes, outcome });
    const signature = signReceipt(ctx.meshSecret, { path: name, sha256, sizeBytes });
    return {
      blobName: name,
      sizeBytes,
      sha256,
      receipt:
        target.kind === 'upload'
          ? undefined
          : { blobName: name, sha256, sizeBytes, signature: Buffer.from(signature) },
    };
  };

/**
 * Checks that the machine and the workload of an attempt's file still stand, and that a result is of a kind that the workload asks
 * for. Answers how to check it again.
 */
const checkStanding = async (
  { standing }: Pick<Context, 'standing'>,
  { machine }: Caller,
  target: BlobName,
): Promise<() => Promise<void>> => {
  const check = async (): Promise<void> => {
    if (target.kind === 'upload') {
      return;
    }
    await standing.machine(machine);
    const [node = ''] = target.task.split('/');
    const extensions = await standing.workload(target.workload, node);
    if (target.kind === 'result' && extensions?.includes(target.extension) === false) {
      throw extensionRefused(target.extension, extensions);
    }
  };
  await check();
  return check;
};

/** The upload may have taken hours. */
async function* thenCheck(
  chunks: AsyncIterable<Uint8Array>,
  check: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await check();
}

const headerOf = (first: IteratorResult<UploadRequest>): UploadHeader | undefined =>
  first.done !== true && first.value.part?.$case === 'header' ? first.value.part.value : undefined;
