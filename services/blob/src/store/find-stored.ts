import { inParallel } from '#libs/async/index.ts';
import type { Looks } from './looks.ts';
import type { Objects, StoredObject } from './objects.ts';

const LOOKS_AT_ONCE = 16;

/**
 * Objects of a customer with these bytes, one for each hash. An object whose blob the storage has lost does not count, because
 * its bytes have to be sent again.
 */
export const findStored = async (
  { looks, objects }: { looks: Looks; objects: Pick<Objects, 'findByContent'> },
  customer: string,
  sha256: readonly string[],
  signal: AbortSignal,
): Promise<StoredObject[]> => {
  const candidates = Map.groupBy(
    await objects.findByContent(customer, sha256),
    (object) => object.sha256,
  );
  const found: StoredObject[] = [];
  await inParallel(LOOKS_AT_ONCE, [...candidates.values()], async (alike) => {
    for (const object of alike) {
      const there = await looks.stat(customer, object.blobName, signal);
      if (there?.sha256 === object.sha256) {
        found.push(object);
        return;
      }
    }
  });
  return found;
};
