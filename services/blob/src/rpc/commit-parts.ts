import { signReceipt } from '#libs/auth/index.ts';
import { inTurns } from '#libs/async/index.ts';
import type {
  CommitPartsHeader,
  CommitPartsRequest,
  CommitPartsResponse,
} from '#libs/contracts/blob.ts';
import type { CallContext, ClientStream } from '#libs/grpc/index.ts';
import { collectViolations, formatBlobName } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { attemptHasOtherBytes, commitTooSlow, required } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import { vanished } from '../store/azure-errors.ts';
import { findMissing, LOOK_HOLDS_MS } from '../store/find-missing.ts';
import { commitTarget, manifestOf } from '../wire/part-files.ts';
import { firstOf } from '../wire/upload-chunks.ts';
import { callerOf } from './reachable.ts';
import { checkStanding, thenCheck } from './stands.ts';

/** Most hashes of one answer: it stays far below the bound of a message. */
const MAX_MISSING = 1_000;

export const commitParts =
  (ctx: Context): ClientStream<CommitPartsRequest, CommitPartsResponse> =>
  async (requests, call) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await firstOf(messages, ctx.clock);
    const header = required('header', headerOf(first), 'must be the first message');
    const caller = callerOf(call);
    const { target, node } = commitTarget(ctx, caller, header, collectViolations());
    const stands = await checkStanding(ctx, caller, target, node);
    using _place = await ctx.lanes.toCommit(caller, call.signal);
    const turn = inTurns(ctx.clock);
    const manifest = await manifestOf(ctx, messages, turn);
    const sinceMs = ctx.clock.monotonic();
    const missing = await findMissing(ctx.blobs, {
      workload: target.workload,
      parts: manifest.parts,
      isTouching: true,
      turn,
      signal: call.signal,
    });
    if (missing.length > 0) {
      const some = missing.slice(0, MAX_MISSING);
      return { receipt: undefined, missing: some, missingParts: missing.length };
    }
    const name = formatBlobName(target);
    const written = await store(ctx, call, name, manifest, async () => {
      if (ctx.clock.monotonic() - sinceMs > LOOK_HOLDS_MS) {
        throw commitTooSlow();
      }
      await stands();
    });
    ctx.events.partsCommitted(call.log, name, manifest.totalFiles());
    const signature = signReceipt(ctx.meshSecret, { path: name, ...written });
    const receipt = { blobName: name, ...written, signature: Buffer.from(signature) };
    return { receipt, missing: [], missingParts: 0 };
  };

const store = async (
  { blobs }: Pick<Context, 'blobs'>,
  { signal }: CallContext,
  name: string,
  manifest: Manifest,
  check: () => Promise<void>,
) => {
  const written = await blobs.write(name, thenCheck(bytesOf(manifest), check), {
    signal,
    check: () => undefined,
  });
  if (written.outcome === 'other-bytes') {
    throw attemptHasOtherBytes(name);
  }
  const { outcome, sha256, sizeBytes } = written;
  if (outcome === 'same' && !(await blobs.touch({ name, sha256, sizeBytes }, signal))) {
    throw vanished();
  }
  return { sha256, sizeBytes };
};

async function* bytesOf(manifest: Manifest): AsyncGenerator<Uint8Array> {
  yield* manifest.finish();
}

const headerOf = (first: IteratorResult<CommitPartsRequest>): CommitPartsHeader | undefined =>
  first.done !== true && first.value.part?.$case === 'header' ? first.value.part.value : undefined;
