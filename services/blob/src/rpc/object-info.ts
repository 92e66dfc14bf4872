import type { Caller } from '#libs/auth/index.ts';
import type { Object as ObjectMessage } from '#libs/contracts/blob.ts';
import type { Context } from '../context.ts';
import { objectNotFound, requireFields } from '../domain/errors.ts';
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

/** The object of that id, if the caller may know of it; else OBJECT_NOT_FOUND. */
export const reachableObject = async (ctx: Context, caller: Caller, objectId: string): Promise<StoredObject> => {
  requireFields(['object_id', objectId !== '', 'the id of an object']);
  const object = await ctx.objects.find(objectId);
  const isReachable = caller.role !== 'customer' || object?.customer === caller.subject;
  if (object === undefined || !isReachable) throw objectNotFound(objectId);
  return object;
};
