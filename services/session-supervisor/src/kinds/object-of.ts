import type { GetObjectResponse } from '#libs/contracts/blob.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { BlobAccess } from '../blob-access.ts';

/** A customer's object. Throws NOT_FOUND `OBJECT_NOT_FOUND` if it does not exist or belongs to another customer. */
export const objectOf = async (
  blob: Pick<BlobAccess, 'getObject'>,
  customer: string,
  objectId: string,
  signal: AbortSignal,
): Promise<NonNullable<GetObjectResponse['object']>> => {
  const { object } = await blob.getObject({ objectId }, signal);
  if (object === undefined || object.customerId !== customer) {
    throw new DomainError(
      status.NOT_FOUND,
      'OBJECT_NOT_FOUND',
      `no object ${objectId}; upload the file and call CreateObject`,
      { object: objectId },
    );
  }
  return object;
};
