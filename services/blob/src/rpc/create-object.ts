import type { CreateObjectRequest, CreateObjectResponse } from '#libs/contracts/blob.ts';
import { requestIdReused } from '#libs/errors/index.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { checkRequestId, collectViolations, parseBlobName } from '#libs/mesh/index.ts';
import { callerOf } from './reachable.ts';
import type { Context } from '../context.ts';
import { blobNotFound } from '../domain/errors.ts';
import { isFileName, ownerFolder } from '../domain/names.ts';
import { checkCustomer, customerOf } from '../wire/requests.ts';
import { checkWhole, isFresh } from '../domain/upload-rules.ts';
import type { StoredObject } from '../store/objects.ts';
import { objectToProto } from '../wire/messages.ts';

type Ask = Pick<StoredObject, 'customer' | 'blobName' | 'fileName' | 'requestId'>;

export const createObject =
  (ctx: Context): Unary<CreateObjectRequest, CreateObjectResponse> =>
  async (request, call) => {
    const ask = parse(request, call);
    const known = await findKnown(ctx, ask);
    if (known !== undefined) {
      return { object: objectToProto(known) };
    }

    const object = {
      id: ctx.random.id('o'),
      createTime: new Date(ctx.clock.now()),
      ...ask,
      ...(await look(ctx, ask, call)),
    };
    if (!(await ctx.objects.insert(object))) {
      // The same request or another one for the same blob was faster.
      const first = await findKnown(ctx, ask);
      if (first === undefined) {
        throw blobNotFound(ask.blobName);
      }
      return { object: objectToProto(first) };
    }
    ctx.events.objectCreated(call.log, object);
    return { object: objectToProto(object) };
  };

const parse = (
  { blobName, fileName, customerId, requestId }: CreateObjectRequest,
  call: CallContext,
): Ask => {
  const caller = callerOf(call);
  const wrong = collectViolations();
  const isName = parseBlobName(blobName) !== undefined;
  wrong.require(isName, 'blob_name', 'a name as Upload or CreateUploadUrl answered it');
  wrong.require(
    isFileName(fileName),
    'file_name',
    '1 to 255 characters without `/`, `\\` and control characters',
  );
  checkRequestId(wrong, requestId);
  checkCustomer(wrong, 'customer_id', caller, customerId);
  wrong.throwIfAny();
  const customer = customerOf(caller, customerId);
  return { customer, blobName, fileName, requestId: requestId === '' ? undefined : requestId };
};

/** The object that this request or another one has made of its blob. */
const findKnown = async (
  ctx: Context,
  { customer, blobName, fileName, requestId }: Ask,
): Promise<StoredObject | undefined> => {
  const before =
    requestId === undefined ? undefined : await ctx.objects.findByRequest(customer, requestId);
  if (before === undefined) {
    return ctx.objects.findByBlob(customer, blobName);
  }
  if (before.blobName !== blobName || before.fileName !== fileName) {
    throw requestIdReused(requestId ?? '');
  }
  return before;
};

/** Length and hash of a blob that may become an object of this customer. */
const look = async (
  ctx: Context,
  { customer, blobName }: Ask,
  { signal }: CallContext,
): Promise<{ sizeBytes: number; sha256: string }> => {
  const name = parseBlobName(blobName);
  if (name?.kind !== 'upload' || name.owner !== ownerFolder(customer)) {
    throw blobNotFound(blobName);
  }
  const there = await ctx.blobs.stat(blobName, signal);
  if (there === undefined || !isFresh(there.ageMs)) {
    throw blobNotFound(blobName);
  }
  // A file that came by URL has passed none of the checks of an upload.
  const expectation = {
    sha256: undefined,
    sizeBytes: undefined,
    maximumBytes: ctx.maximumUploadBytes,
  };
  checkWhole(expectation, { sizeBytes: there.sizeBytes, sha256: there.sha256 ?? '' });
  const sha256 = there.sha256 ?? (await ctx.blobs.seal(blobName, signal))?.sha256;
  if (sha256 === undefined) {
    throw blobNotFound(blobName);
  }
  return { sizeBytes: there.sizeBytes, sha256 };
};
