import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createGate } from './gate.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Asks for places, and notes who got one, in order. */
const visitors = (places: number, options: Partial<Parameters<typeof createGate>[0]> = {}) => {
  const gate = createGate({ places, ...options });
  const held: { caller: string; place: Disposable }[] = [];
  return {
    gate,
    ask: async (callers: string): Promise<void> => {
      for (const caller of callers) {
        void gate.enter(caller, never).then((place) => held.push({ caller, place }));
      }
      await turn();
    },
    leave: async (caller: string): Promise<void> => {
      const at = held.findIndex((each) => each.caller === caller);
      held.splice(at, 1)[0]?.place[Symbol.dispose]();
      await turn();
    },
    inside: (): string =>
      held
        .map(({ caller }) => caller)
        .sort()
        .join(''),
  };
};

describe('createGate', () => {
  it('leaves a caller half of the places, and as many free as any caller has', async () => {
    const { ask, inside } = visitors(8);
    await ask('aaaaaaaa');
    expect(inside()).to.equal('aaaa');
    await ask('bbbbbbbb');
    expect(inside()).to.equal('aaaabb');
    await ask('cccc');
    expect(inside()).to.equal('aaaabbc');
    await ask('d');
    expect(inside()).to.equal('aaaabbcd');
  });

  it('gives a free place to who has fewest, and in turn among equals', async () => {
    const { ask, leave, inside } = visitors(4);
    await ask('aabcab');
    expect(inside()).to.equal('aabc');
    await ask('de');
    await leave('a');
    expect(inside()).to.equal('abcd');
    await leave('c');
    expect(inside()).to.equal('abde');
    await leave('d');
    expect(inside()).to.equal('abe');
    await leave('e');
    expect(inside()).to.equal('aab');
  });

  it('lets a single place be used by one after the other', async () => {
    const { ask, leave, inside } = visitors(1);
    await ask('ab');
    expect(inside()).to.equal('a');
    await leave('a');
    expect(inside()).to.equal('b');
  });

  it('gives no place to callers that left, and frees one only once', async () => {
    const gate = createGate({ places: 1 });
    const leaving = new AbortController();
    const first = await gate.enter('a', never);
    const left = gate.enter('b', leaving.signal).catch(String);
    leaving.abort(new Error('left'));
    expect(await left).to.equal('Error: left');
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    using _second = await gate.enter('a', never);
    const third = gate.enter('a', AbortSignal.timeout(1)).then(() => 'in', String);
    expect(await third).to.match(/TimeoutError/);
  });

  it('lets no caller have more places than each may have, however many are free', async () => {
    const { ask, leave, inside } = visitors(8, { placesEach: 2 });
    await ask('aaaab');
    expect(inside()).to.equal('aab');
    await leave('a');
    expect(inside()).to.equal('aab');
  });

  it('bounds how many of one caller wait', async () => {
    const { gate, ask } = visitors(2, { maxWaiting: 3 });
    await ask('aaaa');
    expect(await gate.enter('a', never).catch(String)).to.equal('Error: 3 wait already');
    expect(await gate.enter('b', never)).to.have.property(Symbol.dispose);
  });
});
