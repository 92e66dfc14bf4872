import { verifyGrant, type Caller } from '#libs/auth/index.ts';
import { collectViolations, parseBlobName, requireText } from '#libs/mesh/index.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { CallContext } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound, objectNotFound } from '../domain/errors.ts';
import { mayRead } from '../domain/reach.ts';
import type { StoredObject } from '../store/objects.ts';

/** The caller. Only a public rpc has none, and this service has no public rpc. */
export const callerOf = ({ caller }: CallContext): Caller => {
  if (caller === undefined) {
    throw new DomainError(status.UNAUTHENTICATED, 'TOKEN_MISSING', 'send a token');
  }
  return caller;
};

/** The blob's name if the caller may read it. Throws INVALID_FIELDS, also for what `wrong` holds already, or BLOB_NOT_FOUND. */
export const readableName = (
  ctx: Context,
  call: CallContext,
  { blobName, grant }: { blobName: string; grant: Uint8Array },
  wrong = collectViolations(),
): string => {
  const caller = callerOf(call);
  const name = parseBlobName(blobName);
  wrong.require(name !== undefined, 'blob_name', 'a name as Upload or ListResults answered it');
  wrong.throwIfAny();
  if (name === undefined || !mayRead(caller, name, isGranted(ctx, caller, blobName, grant))) {
    throw blobNotFound(blobName);
  }
  return blobName;
};

const isGranted = (
  ctx: Context,
  { role, subject, machine }: Caller,
  blob: string,
  grant: Uint8Array,
): boolean => {
  if (role === 'customer') {
    return verifyGrant(ctx.meshSecret, { blob, customer: subject }, grant);
  }
  return (
    machine !== undefined &&
    (verifyGrant(ctx.meshSecret, { blob, machine }, grant) ||
      verifyGrant(ctx.meshSecret, { blob, reader: 'agents' }, grant))
  );
};

/** The object with that id. Throws OBJECT_NOT_FOUND if there is none or the caller may not know of it. */
export const reachableObject = async (
  ctx: Context,
  call: CallContext,
  objectId: string,
): Promise<StoredObject> => {
  const caller = callerOf(call);
  requireText('object_id', objectId);
  const object = await ctx.objects.find(objectId);
  const isReachable = caller.role !== 'customer' || object?.customer === caller.subject;
  if (object === undefined || !isReachable) {
    throw objectNotFound(objectId);
  }
  return object;
};
