import { isDomainError } from '#libs/errors/index.ts';
import type { Context } from '../context.ts';

/** Forgets what was kept of an upload once it is stored, and removes it once its bytes prove wrong. */
export const settled = async <T>(
  ctx: Pick<Context, 'blobs' | 'kept' | 'log'>,
  name: string,
  write: Promise<T>,
): Promise<T> => {
  try {
    const written = await write;
    // A later sweep forgets it, too.
    await ctx.kept.forget(name).catch((err: unknown) => ctx.log.warn({ err }, 'not forgotten'));
    return written;
  } catch (error) {
    const reason = isDomainError(error) ? error.reason : '';
    if (WRONG.has(reason)) {
      // Also when the caller has left.
      await ctx.blobs.discard(name, AbortSignal.timeout(DISCARD_WITHIN_MS));
    }
    if (WRONG.has(reason) || reason === 'UPLOAD_NOT_KEPT') {
      await ctx.kept.forget(name);
    }
    throw error;
  }
};

/** Whoever goes on after these gets no further. */
const WRONG: ReadonlySet<string> = new Set(['SHA256_MISMATCH', 'SIZE_MISMATCH']);
const DISCARD_WITHIN_MS = 15_000;
