import { signGrant, type Caller } from '#libs/auth/index.ts';
import type {
  ListPartsRequest,
  ListPartsResponse,
  PartFile,
  StoredPart,
} from '#libs/contracts/blob.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations, formatBlobName, MAX_PARTS_PER_MESSAGE } from '#libs/mesh/index.ts';
import { pageToken, readPage } from '#libs/pages/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { openManifest } from '../store/manifests.ts';
import { requireManifest } from '../wire/requests.ts';
import { callerOf, readableName } from './reachable.ts';

export const listParts =
  (ctx: Context): Unary<ListPartsRequest, ListPartsResponse> =>
  async (request, call) => {
    const { blobName } = request;
    const question = `parts ${blobName}`;
    const wrong = collectViolations();
    const { size, after } = readPage(request, question, 1, wrong);
    const at = Number(after?.[0] ?? 0);
    wrong.require(Number.isSafeInteger(at) && at >= 0, 'page_token', 'as this rpc answered it');
    const manifestName = requireManifest(wrong, blobName);
    const name = readableName(ctx, call, request, wrong);
    const caller = callerOf(call);
    await ctx.standing.machine(caller.machine);
    const manifest = await openManifest(ctx.blobs, name, call.signal);
    if (manifest === undefined) {
      throw blobNotFound(name);
    }
    const { totalFiles, totalBytes } = manifest.head;
    // A page ends with its chunk, so that no page reads two.
    const first = at % MAX_PARTS_PER_MESSAGE;
    const chunk =
      at < totalFiles ? await manifest.chunk(Math.floor(at / MAX_PARTS_PER_MESSAGE)) : [];
    const files = chunk.slice(first, first + size);
    const next = at + files.length;
    return {
      parts: files.map((file) => storedPart(ctx, caller, manifestName.workload, file)),
      nextPageToken: next < totalFiles && files.length > 0 ? pageToken(question, [`${next}`]) : '',
      totalFiles,
      totalBytes,
    };
  };

const NONE = Buffer.alloc(0);

const storedPart = (
  ctx: Pick<Context, 'meshSecret'>,
  caller: Caller,
  workload: string,
  file: PartFile,
): StoredPart => {
  if (file.sha256 === '') {
    return { file, blobName: '', grant: NONE };
  }
  const blob = formatBlobName({ kind: 'part', workload, sha256: file.sha256 });
  return { file, blobName: blob, grant: grantFor(ctx, caller, blob) };
};

const grantFor = (
  { meshSecret }: Pick<Context, 'meshSecret'>,
  { role, subject, machine }: Caller,
  blob: string,
): Buffer => {
  if (role === 'customer') {
    return Buffer.from(signGrant(meshSecret, { blob, customer: subject }));
  }
  return machine === undefined ? NONE : Buffer.from(signGrant(meshSecret, { blob, machine }));
};
