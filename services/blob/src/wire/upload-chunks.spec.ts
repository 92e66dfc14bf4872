import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { UploadRequest } from '#libs/contracts/blob.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { reasonOf } from '../fixtures/blob.ts';
import { chunksOf } from './upload-chunks.ts';

const anything = { sha256: undefined, sizeBytes: undefined, maximumBytes: 2 ** 30 };
const rules = { minBytesPerSecond: 1_000, withinMs: 3_600_000 };

/** How an upload ends that sends so many bytes after each pause, and after how many milliseconds. */
const endOf = async (bytes: number, everyMs: number, expectation = anything) => {
  const clock = fakeClock();
  async function* sender(): AsyncGenerator<UploadRequest> {
    for (;;) {
      await clock.sleep(everyMs);
      yield { part: { $case: 'chunk', value: Buffer.alloc(bytes) } };
    }
  }
  const chunks = chunksOf(sender(), expectation, rules, clock);
  const over = new AbortController();
  const ended = reasonOf(Array.fromAsync(chunks)).finally(() => over.abort());
  while (!over.signal.aborted) {
    await clock.advance(10_000);
  }
  return { reason: await ended, afterMs: clock.monotonic() };
};

describe('chunksOf', () => {
  it('ends an upload whose sender is silent for a minute, though its stream stays open', async () => {
    expect(await endOf(1, 10 ** 9)).to.deep.equal({ reason: 'UPLOAD_STALLED', afterMs: 60_000 });
  });

  it('ends an upload that keeps below the least rate', async () => {
    const { reason, afterMs } = await endOf(1, 30_000);
    expect(reason).to.equal('UPLOAD_TOO_SLOW');
    expect(afterMs).to.be.within(60_000, 70_000);
  });

  it('ends an upload that takes too long as a whole, at whatever rate', async () => {
    const end = await endOf(20_000, 10_000);
    expect(end).to.deep.equal({ reason: 'UPLOAD_TOO_SLOW', afterMs: rules.withinMs });
  });
});
