import type { BlobName } from '#libs/mesh/index.ts';
import { ownerFolder } from './names.ts';

export interface Reader {
  role: 'customer' | 'operator' | 'agent' | 'service';
  subject: string;
}

/** Whether a caller may read a blob. `hasGrant`: the caller sent a valid grant for it. */
export const mayRead = (reader: Reader, name: BlobName, hasGrant: boolean): boolean => {
  switch (reader.role) {
    case 'operator':
    case 'service':
      return true;
    case 'customer':
      return hasGrant || (name.kind === 'upload' && name.owner === ownerFolder(reader.subject));
    case 'agent':
      return hasGrant;
    default:
      return reader.role satisfies never;
  }
};
