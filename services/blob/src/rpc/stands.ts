import type { Caller } from '#libs/auth/index.ts';
import { isManifest, type BlobName } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { extensionRefused } from '../domain/errors.ts';

/**
 * Checks that the machine and the workload of an attempt's file still stand, and that a result is of a kind that its node asks
 * for. Answers how to check it again. Customers' files have no node.
 */
export const checkStanding = async (
  { standing }: Pick<Context, 'standing'>,
  { machine }: Caller,
  target: BlobName,
  node = '',
): Promise<() => Promise<void>> => {
  const check = async (): Promise<void> => {
    if (target.kind === 'upload') {
      return;
    }
    await standing.machine(machine);
    const extensions = await standing.workload(target.workload, node);
    if (target.kind === 'result' && extensions?.includes(target.extension) === false) {
      const field = isManifest(target) ? 'header.checkpoint' : 'header.attempt_result.extension';
      throw extensionRefused(field, target.extension, extensions);
    }
  };
  await check();
  return check;
};

/** The upload may have taken hours. */
export async function* thenCheck(
  chunks: AsyncIterable<Uint8Array>,
  check: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await check();
}
