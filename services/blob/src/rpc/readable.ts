import { verifyGrant, type Caller } from '#libs/auth/index.ts';
import type { Context } from '../context.ts';
import { blobNotFound, requireFields, type FieldCheck } from '../domain/errors.ts';
import { parseName } from '../domain/names.ts';
import { mayRead } from '../domain/reach.ts';

/**
 * The name of a blob that the caller may read. INVALID_FIELDS if it or another field is malformed, BLOB_NOT_FOUND if it is out
 * of reach.
 */
export const readableName = (
  ctx: Context,
  caller: Caller,
  { blobName, grant }: { blobName: string; grant: Uint8Array },
  ...others: FieldCheck[]
): string => {
  const name = parseName(blobName);
  requireFields(['blob_name', name !== undefined, 'a name as Upload or ListResults answered it'], ...others);
  if (name === undefined || !mayRead(caller, name, isGranted(ctx, caller, blobName, grant))) {
    throw blobNotFound(blobName);
  }
  return blobName;
};

const isGranted = (ctx: Context, { role, subject, machine }: Caller, blob: string, grant: Uint8Array): boolean => {
  if (role === 'customer') return verifyGrant(ctx.meshSecret, { blob, customer: subject }, grant);
  return machine !== undefined && verifyGrant(ctx.meshSecret, { blob, machine }, grant);
};
