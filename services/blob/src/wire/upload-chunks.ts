import { within } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { UploadRequest } from '#libs/contracts/blob.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import { uploadStalled } from '../domain/errors.ts';
import { checkProgress, MAX_CHUNK_BYTES, type Expectation } from '../domain/upload-rules.ts';

/** A sender that is silent for longer is cut off, because it holds buffers. */
const STALLED_AFTER_MS = 60_000;

/** The bytes of an upload after its header, checked while they flow. */
export async function* chunksOf(
  messages: AsyncIterator<UploadRequest>,
  expectation: Expectation,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  let receivedBytes = 0;
  checkProgress(expectation, receivedBytes);
  try {
    for (;;) {
      const next = await within(clock, STALLED_AFTER_MS, messages.next(), () => {
        throw uploadStalled(STALLED_AFTER_MS);
      });
      if (next.done === true) {
        return;
      }
      const chunk = chunkOf(next.value);
      receivedBytes += chunk.length;
      checkProgress(expectation, receivedBytes);
      yield chunk;
    }
  } finally {
    await messages.return?.();
  }
}

const chunkOf = ({ part }: UploadRequest): Uint8Array => {
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
