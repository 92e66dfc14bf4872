import { within } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { UploadRequest } from '#libs/contracts/blob.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import { uploadStalled, uploadTooLong, uploadTooSlow } from '../domain/errors.ts';
import { createPace, PATIENCE_MS, wholeMs, type PaceRules } from '../domain/pace.ts';
import { checkProgress, MAX_CHUNK_BYTES, type Expectation } from '../domain/upload-rules.ts';

/** The first message of an upload, or what is left of its stream. Throws UPLOAD_STALLED if it does not come. */
export const firstOf = async <T>(messages: AsyncIterator<T>, clock: Clock) =>
  within(clock, PATIENCE_MS, messages.next(), () => {
    throw uploadStalled(PATIENCE_MS);
  });

/** The bytes of an upload after its header, checked while they flow; its sender has to keep the pace. */
export async function* chunksOf(
  messages: AsyncIterator<UploadRequest>,
  expectation: Expectation,
  rules: PaceRules,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  let receivedBytes = expectation.earlierBytes ?? 0;
  checkProgress(expectation, receivedBytes);
  for await (const { part } of paced(messages, chunkBytes, expectation.sizeBytes, rules, clock)) {
    const chunk = chunkOf(part);
    receivedBytes += chunk.length;
    checkProgress(expectation, receivedBytes);
    yield chunk;
  }
}

const chunkBytes = ({ part }: UploadRequest): number =>
  part?.$case === 'chunk' ? part.value.length : 0;

/** The messages of a sender that has to keep the pace. Throws UPLOAD_STALLED or UPLOAD_TOO_SLOW. */
export async function* paced<T>(
  messages: AsyncIterator<T>,
  bytesOf: (message: T) => number,
  wholeBytes: number | undefined,
  rules: PaceRules,
  clock: Clock,
): AsyncGenerator<T> {
  const pace = createPace(rules);
  const lateAfterMs = wholeMs(rules, wholeBytes);
  const beganMs = clock.monotonic();
  try {
    for (;;) {
      const sinceMs = clock.monotonic();
      const leftMs = beganMs + lateAfterMs - sinceMs;
      const patienceMs = pace.leftMs();
      const next = await within(clock, Math.min(patienceMs, leftMs), messages.next(), () => {
        throw whyEnded(rules, { patienceMs, leftMs, lateAfterMs });
      });
      if (next.done === true) {
        return;
      }
      pace.waited(clock.monotonic() - sinceMs);
      pace.moved(bytesOf(next.value));
      yield next.value;
    }
  } finally {
    // A generator answers `return` only when its pending `next` has ended, and that ends with the call.
    void Promise.resolve(messages.return?.()).catch(() => undefined);
  }
}

const whyEnded = (
  { minBytesPerSecond }: PaceRules,
  waits: { patienceMs: number; leftMs: number; lateAfterMs: number },
): Error => {
  if (waits.leftMs < waits.patienceMs) {
    return uploadTooLong(waits.lateAfterMs);
  }
  return waits.patienceMs === PATIENCE_MS
    ? uploadStalled(PATIENCE_MS)
    : uploadTooSlow(minBytesPerSecond);
};

const chunkOf = (part: UploadRequest['part']): Uint8Array => {
  const chunk = part?.$case === 'chunk' ? part.value : undefined;
  const wrong = collectViolations();
  wrong.require(part?.$case !== 'header', 'header', 'only the first message is a header');
  wrong.require(part !== undefined, 'chunk', 'every message after the header is a chunk');
  wrong.require(
    (chunk?.length ?? 0) <= MAX_CHUNK_BYTES,
    'chunk',
    `at most ${MAX_CHUNK_BYTES} bytes`,
  );
  wrong.throwIfAny();
  return chunk ?? new Uint8Array();
};
