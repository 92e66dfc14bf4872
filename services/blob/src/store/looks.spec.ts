import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fakeClock } from '#libs/testing/index.ts';
import { createLooks } from './looks.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const AGES = { createTime: new Date(0), ageMs: 0, untouchedMs: 0 };
const THERE = { name: '', sizeBytes: 1, sha256: 'x', version: '', ...AGES };

/** A storage that answers when it is told to. */
const setUp = () => {
  const clock = fakeClock();
  const asked: { name: string; answer: (isThere?: true) => void }[] = [];
  const stat = (name: string): Promise<typeof THERE | undefined> =>
    new Promise((resolve) =>
      asked.push({ name, answer: (isThere) => resolve(isThere && { ...THERE, name }) }),
    );
  return { asked, clock, ...createLooks({ stat }, clock) };
};

describe('createLooks', () => {
  it('looks at few blobs of one customer at a time, and at another one’s beside them', async () => {
    const { asked, stat } = setUp();
    for (let i = 0; i < 1_000; i += 1) {
      void stat('alice', `a-${i}`, never);
    }
    void stat('bob', 'b-1', never);
    await turn();
    expect(asked.map(({ name }) => name)).to.deep.equal([
      ...Array.from({ length: 16 }, (_, i) => `a-${i}`),
      'b-1',
    ]);
    asked[0]?.answer();
    await turn();
    expect(asked.at(-1)?.name).to.equal('a-16');
  });

  it('looks once for all who ask at the same time, also when the first of them leaves', async () => {
    const { asked, stat } = setUp();
    const leaving = new AbortController();
    const first = stat('alice', 'a', leaving.signal).catch(String);
    const second = stat('alice', 'a', never);
    leaving.abort(new Error('left'));
    expect(await first).to.equal('Error: left');
    expect(asked).to.have.lengthOf(1);
    asked[0]?.answer();
    expect(await second).to.equal(undefined);
    void stat('alice', 'a', never);
    await turn();
    expect(asked).to.have.lengthOf(2);
  });

  it('remembers for some seconds what it saw, and nothing that was missing', async () => {
    const { asked, clock, stat } = setUp();
    const first = stat('alice', 'a', never);
    await turn();
    asked[0]?.answer(true);
    expect(await first).to.include({ name: 'a' });
    expect(await stat('alice', 'a', never)).to.include({ name: 'a' });
    expect(asked).to.have.lengthOf(1);
    await clock.advance(5_001);
    void stat('alice', 'a', never);
    await turn();
    expect(asked).to.have.lengthOf(2);
  });
});
