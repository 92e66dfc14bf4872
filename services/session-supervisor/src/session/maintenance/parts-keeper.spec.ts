import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fakeClock, testLog } from '#libs/testing/index.ts';
import { header } from '../../domain/fixtures/workload.ts';
import { fold } from '../../domain/state/fold.ts';
import { begin } from '../../domain/state/workload.ts';
import { createPartsKeeper } from './parts-keeper.ts';

describe('the keeper of parts', () => {
  it('names the last two checkpoints of each task, ten minutes after one was replaced', async () => {
    const clock = fakeClock();
    const asked: (readonly string[])[] = [];
    let state = begin(header(2));
    const keeper = createPartsKeeper({
      workload: 'w-1',
      state: () => state,
      blob: {
        keepParts: async (_workload, names) => {
          asked.push(names);
          return 0;
        },
      },
      clock,
      logger: testLog,
      signal: new AbortController().signal,
    });
    for (const position of [1, 2, 3]) {
      const checkpoint = {
        task: 'noop/1',
        generation: 0,
        attempt: '0-1',
        user: 'u1',
        userName: 'one',
        position,
        name: `${position}`,
        blob: `b-${position}`,
        sha256: '',
        sizeBytes: 1,
      };
      state = fold(state, { kind: 'checkpointed', ...checkpoint }, { n: position, at: 0 });
      keeper.wake();
    }
    await clock.advance(599_999);
    expect(asked).to.deep.equal([]);
    await clock.advance(1);
    expect(asked).to.deep.equal([['b-2', 'b-3']]);
  });
});
