import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import type { JournalStore } from '#libs/journal/index.ts';
import { seededRandom } from '#libs/random/index.ts';
import { fakeClock, testLog } from '#libs/testing/index.ts';
import { everyEntry, renderHeader } from '../../domain/fixtures/workload.ts';
import type { Entry } from '../../domain/state/entries.ts';
import { foldDocument } from '../../domain/state/fold.ts';
import { begin } from '../../domain/state/workload.ts';
import { startVerifier, type Verifier } from './verifier.ts';

const PIXELS = 'cd'.repeat(32);

describe('the look at accepted results', () => {
  let verifier: Verifier | undefined;
  afterEach(() => verifier?.stop());

  /** A render whose frames are accepted one by one, each in an entry of its own. */
  const watching = (frames: string) => {
    const clock = fakeClock();
    const written: Entry[][] = [];
    let state = begin(renderHeader(frames));
    const found: number[] = [];
    const read = async function* (_workload: string, after: number) {
      for (const [i, entries] of written.entries()) {
        if (i + 1 > after) {
          yield { n: i + 1, entries };
        }
      }
    } as unknown as JournalStore<Entry>['read'];
    const size = { width: 1, height: 1 };
    const started = startVerifier({
      workload: 'w-1',
      state: () => state,
      journal: { read },
      blob: {
        checkPicture: () => Promise.resolve({ problem: '', pixelHash: PIXELS, ...size }),
        pictureSize: () => Promise.resolve(size),
        differing: () => Promise.resolve(0),
      },
      decide: ({ verified }) => {
        found.push(verified.length);
        return true;
      },
      repair: () => Promise.resolve(),
      clock,
      random: seededRandom(1),
      logger: testLog,
    });
    verifier = started;
    return {
      clock,
      found,
      accept: (frame: number): void => {
        const task = `frames/${frame}`;
        const entry = { ...everyEntry.accepted, task, attempt: `0-${frame}`, pixelHash: PIXELS };
        written.push([entry]);
        state = foldDocument(state, { n: written.length, at: new Date(1), entries: [entry] });
        started.wake();
      },
    };
  };

  it('takes those of a second together while tasks remain', async () => {
    const { clock, found, accept } = watching('1-9');
    accept(1);
    await clock.advance(400);
    accept(2);
    await clock.advance(400);
    accept(3);
    await clock.advance(100);
    expect(found).to.deep.equal([]);
    await clock.advance(100);
    expect(found).to.deep.equal([3]);
  });

  it('looks at the last ones at once, because the end of the workload waits for it', async () => {
    const { clock, found, accept } = watching('1-2');
    accept(1);
    await clock.advance(10);
    accept(2);
    await clock.advance(0);
    expect(found).to.deep.equal([2]);
  });
});
