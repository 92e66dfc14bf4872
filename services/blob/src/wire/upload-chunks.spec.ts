import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock, type Clock } from '#libs/clock/index.ts';
import type { UploadRequest } from '#libs/contracts/blob.ts';
import { reasonOf } from '../fixtures/blob.ts';
import { chunksOf } from './upload-chunks.ts';

const anything = { sha256: undefined, sizeBytes: undefined, maximumBytes: 100 };

describe('chunksOf', () => {
  it('ends an upload whose sender is silent for a minute, and closes its stream', async () => {
    let letGo = false;
    const silent: AsyncIterator<UploadRequest> = {
      next: () => new Promise(() => {}),
      return: () => {
        letGo = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      setTimer: (ms, fn) => {
        waits.push(ms);
        return systemClock.setTimer(0, fn);
      },
    };
    expect(await reasonOf(chunksOf(silent, anything, clock).next())).to.equal('UPLOAD_STALLED');
    expect(waits).to.deep.equal([60_000]);
    expect(letGo).to.equal(true);
  });
});
