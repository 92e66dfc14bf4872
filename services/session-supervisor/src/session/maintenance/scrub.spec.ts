import { expect } from 'chai';
import { describe, it } from 'mocha';
import { begin } from '../../domain/state/workload.ts';
import { everyEntry, header } from '../../domain/fixtures/workload.ts';
import { foldDocument } from '../../domain/state/fold.ts';
import type { SessionDeps } from '../owner/deps.ts';
import { scrub } from './scrub.ts';

const BLOB = 'results/w-1/noop/1/0-0-1.png';
const FURTHER = 'results/w-1/noop/1/0-0-1.1.png';

describe('scrub', () => {
  /** Scrubs a result of two files, of which the store has these hashes. */
  const scrubbed = async (stored: Record<string, string>, lacking: string[] = []) => {
    const file = { blob: FURTHER, sha256: 'bb', sizeBytes: 1, pixelHash: '', ending: '_R.png' };
    const accepted = { ...everyEntry.accepted, blob: BLOB, sha256: 'aa', files: [file] };
    const document = { n: 1, at: new Date(0), entries: [accepted] };
    const state = foldDocument(begin(header(4)), document);
    const journal = {
      read: async function* () {
        yield document;
      },
    } as unknown as SessionDeps['journal'];
    const blob = {
      digest: async (name: string) => stored[name],
      hasParts: async (name: string) => !lacking.includes(name),
    };
    return scrub({ journal, blob }, state, 0, () => false, new AbortController().signal);
  };

  it('checks every file of a result, and has all made again if one is lost or damaged', async () => {
    const task = { task: everyEntry.accepted.task, generation: everyEntry.accepted.generation };
    expect(await scrubbed({ [BLOB]: 'aa', [FURTHER]: 'bb' })).to.include({ checked: 1 });
    const whole = await scrubbed({ [BLOB]: 'aa', [FURTHER]: 'bb' });
    expect([whole.missing, whole.damaged]).to.deep.equal([[], []]);
    expect((await scrubbed({ [BLOB]: 'aa' })).missing).to.deep.equal([task]);
    expect((await scrubbed({ [BLOB]: 'aa', [FURTHER]: 'cc' })).damaged).to.deep.equal([task]);
    const lacking = await scrubbed({ [BLOB]: 'aa', [FURTHER]: 'bb' }, [BLOB]);
    expect(lacking.missing, 'a part of it is lost').to.deep.equal([task]);
  });
});
