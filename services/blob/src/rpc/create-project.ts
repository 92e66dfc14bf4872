import { hash } from 'node:crypto';
import { basename } from 'node:path';
import { signGrant } from '#libs/auth/index.ts';
import {
  ProjectManifest,
  type CreateProjectRequest,
  type CreateProjectResponse,
  type ManifestFile,
} from '#libs/contracts/blob.ts';
import { requestIdReused } from '#libs/errors/index.ts';
import type { CallContext, Unary } from '#libs/grpc/index.ts';
import { checkRequestId, collectViolations, formatBlobName } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { objectNotFound } from '../domain/errors.ts';
import { ownerFolder } from '../domain/names.ts';
import { checkFiles, totalBytesOf, type ProjectPart } from '../domain/project-rules.ts';
import { findStored } from '../store/find-stored.ts';
import type { StoredObject } from '../store/objects.ts';
import { objectToProto } from '../wire/messages.ts';
import { checkCustomer, customerOf } from '../wire/requests.ts';
import { callerOf } from './reachable.ts';

interface Ask {
  customer: string;
  mainPath: string;
  files: readonly { path: string; objectId: string }[];
  requestId: string | undefined;
}

export const createProject =
  (ctx: Context): Unary<CreateProjectRequest, CreateProjectResponse> =>
  async (request, call) => {
    const ask = parse(request, call);
    const parts = await resolve(ctx, ask);
    const totalBytes = totalBytesOf(parts);
    const manifest = manifestOf(ctx, ask.mainPath, parts);
    const sha256 = hash('sha256', manifest);
    const known = await findKnown(ctx, ask, sha256, call.signal);
    if (known !== undefined) {
      return { object: objectToProto(known) };
    }

    const blobName = formatBlobName({
      kind: 'upload',
      owner: ownerFolder(ask.customer),
      id: ctx.random.id('b'),
    });
    await store(ctx, call, blobName, manifest);
    const object: StoredObject = {
      id: ctx.random.id('o'),
      customer: ask.customer,
      fileName: basename(ask.mainPath),
      blobName,
      sizeBytes: manifest.length,
      sha256,
      createTime: new Date(ctx.clock.now()),
      requestId: ask.requestId,
      project: {
        mainPath: ask.mainPath,
        mainBlob: parts.find(({ path }) => path === ask.mainPath)?.blobName ?? '',
        files: parts.length,
        totalBytes,
      },
    };
    if (!(await ctx.objects.insert(object))) {
      // The same request was faster. Its manifest has other names, and the sweep removes this one.
      const first = await findKnown(ctx, ask, sha256, call.signal);
      if (first === undefined) {
        throw requestIdReused(ask.requestId ?? '');
      }
      return { object: objectToProto(first) };
    }
    ctx.events.objectCreated(call.log, object);
    return { object: objectToProto(object) };
  };

const parse = (
  { files, mainPath, customerId, requestId }: CreateProjectRequest,
  call: CallContext,
): Ask => {
  const caller = callerOf(call);
  const wrong = collectViolations();
  checkFiles(wrong, files, mainPath);
  checkRequestId(wrong, requestId);
  checkCustomer(wrong, 'customer_id', caller, customerId);
  wrong.throwIfAny();
  return {
    customer: customerOf(caller, customerId),
    mainPath,
    files,
    requestId: requestId === '' ? undefined : requestId,
  };
};

const EMPTY = { blobName: '', sizeBytes: 0, sha256: hash('sha256', '') };

/** The bytes of each file, in the order of the paths. */
const resolve = async (ctx: Context, { customer, files }: Ask): Promise<ProjectPart[]> => {
  const ids = new Set(files.map(({ objectId }) => objectId).filter((id) => id !== ''));
  const objects = new Map(
    (await ctx.objects.findAmong(customer, [...ids])).map((object) => [object.id, object]),
  );
  const parts = files.map(({ path, objectId }) => {
    const object = objects.get(objectId);
    if (objectId === '') {
      return { path, ...EMPTY };
    }
    if (object === undefined || object.project !== undefined) {
      throw objectNotFound(objectId);
    }
    const { blobName, sizeBytes, sha256 } = object;
    return { path, blobName, sizeBytes, sha256 };
  });
  // The same project has the same bytes, and so the same place in the caches of agents.
  return parts.sort((a, b) => (a.path < b.path ? -1 : 1));
};

const manifestOf = (ctx: Context, mainPath: string, parts: readonly ProjectPart[]): Uint8Array => {
  const files = parts.map((part): ManifestFile => {
    const { blobName } = part;
    const grant =
      blobName === ''
        ? new Uint8Array()
        : signGrant(ctx.meshSecret, { blob: blobName, reader: 'agents' });
    return { ...part, grant: Buffer.from(grant) };
  });
  return ProjectManifest.encode({ mainPath, files }).finish();
};

/** The object that this request or another one has made of the same project. */
const findKnown = async (
  ctx: Context,
  { customer, requestId }: Ask,
  sha256: string,
  signal: AbortSignal,
): Promise<StoredObject | undefined> => {
  const before =
    requestId === undefined ? undefined : await ctx.objects.findByRequest(customer, requestId);
  if (before !== undefined && before.sha256 !== sha256) {
    throw requestIdReused(requestId ?? '');
  }
  return before ?? (await findStored(ctx, customer, [sha256], signal))[0];
};

const store = async (
  ctx: Context,
  call: CallContext,
  blobName: string,
  manifest: Uint8Array,
): Promise<void> => {
  // The caller's own slow uploads may have all places.
  call.standAside();
  using _place = await ctx.lanes.toUpload(callerOf(call), call.signal);
  const { signal } = call;
  await ctx.blobs.write(blobName, once(manifest), { signal, check: () => undefined });
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
