import type { Caller } from '#libs/auth/index.ts';
import type { Object as ObjectMessage } from '#libs/contracts/blob.ts';
import { requireText } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { objectNotFound } from '../domain/errors.ts';
import type { StoredObject } from '../store/objects.ts';

export const objectToProto = (object: StoredObject): ObjectMessage => ({
  objectId: object.id,
  customerId: object.customer,
  fileName: object.fileName,
  blobName: object.blobName,
  sizeBytes: object.sizeBytes,
  sha256: object.sha256,
  createTime: object.createTime,
});

/** The object with that id. Throws OBJECT_NOT_FOUND if there is none or the caller may not know of it. */
export const reachableObject = async (ctx: Context, caller: Caller, objectId: string): Promise<StoredObject> => {
  requireText('object_id', objectId);
  const object = await ctx.objects.find(objectId);
  const isReachable = caller.role !== 'customer' || object?.customer === caller.subject;
  if (object === undefined || !isReachable) throw objectNotFound(objectId);
  return object;
};
