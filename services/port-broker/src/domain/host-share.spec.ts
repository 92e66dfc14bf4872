import { expect } from 'chai';
import { describe, it } from 'mocha';
import { endingsOf, shortageOf, type HostBounds, type Taking } from './host-share.ts';

const GIB = 1024 ** 3;
const bounds: HostBounds = {
  customerMemoryBytes: 10 * GIB,
  customerDiskBytes: 40 * GIB,
  reserveBytes: 2 * GIB,
};
const FREE = 100 * GIB;

const taking = (id: string, more: Partial<Taking> = {}): Taking => ({
  id,
  owner: 'ann',
  isBound: true,
  isEnding: false,
  memoryBytes: 0,
  diskBytes: 0,
  ...more,
});
const ended = (takings: readonly Taking[], free = FREE) =>
  endingsOf(takings, free, bounds).map(({ id, reason, of }) => [id, reason, of]);

describe('what the sessions of a customer take of a host together', () => {
  const six = { memoryBytes: 6 * GIB };

  it('has a bound for each resource: the one that takes most ends, and only it', () => {
    expect(ended([taking('a', six), taking('b', { memoryBytes: 4 * GIB })])).to.deep.equal([]);
    const three = [taking('a', six), taking('b', { memoryBytes: 5 * GIB }), taking('c')];
    expect(ended(three)).to.deep.equal([['a', 'CUSTOMER_MEMORY_USED', 'memory']]);
    const written = [taking('a', { diskBytes: 15 * GIB }), taking('b', { diskBytes: 26 * GIB })];
    expect(ended(written)).to.deep.equal([['b', 'CUSTOMER_DISK_USED', 'disk']]);
    const [ending] = endingsOf(written, FREE, bounds);
    expect(ending?.text).to.equal(
      "took 26624 MiB of disk, the most of the 41984 MiB that its owner's sessions on this host took together, which may take 40960 MiB",
    );
  });

  it('is what each takes alone, and does not bind operators', () => {
    const others = [taking('a', six), taking('b', { ...six, owner: 'bob' })];
    expect(ended(others)).to.deep.equal([]);
    const operator = { ...six, isBound: false };
    expect(ended([taking('a', operator), taking('b', operator)])).to.deep.equal([]);
    const full = [taking('a', { memoryBytes: 10 * GIB })];
    expect(shortageOf(full, { owner: 'ann', isBound: true }, FREE, bounds)).to.include({
      kind: 'customer-memory',
    });
    for (const who of [
      { owner: 'bob', isBound: true },
      { owner: 'ann', isBound: false },
    ]) {
      expect(shortageOf(full, who, FREE, bounds)).to.equal(undefined);
    }
  });

  it('waits for one that is being ended before it ends another', () => {
    const ending = taking('a', { ...six, isEnding: true });
    expect(ended([ending, taking('b', six)])).to.deep.equal([]);
  });
});

describe('the reserve of a disk', () => {
  const operator = { isBound: false, owner: 'olga' };

  it('ends the session that takes most of the disk, whoever has it, and lets none begin', () => {
    const all = [taking('a', { diskBytes: GIB }), taking('b', { ...operator, diskBytes: 3 * GIB })];
    expect(ended(all, 2 * GIB)).to.deep.equal([]);
    expect(ended(all, GIB)).to.deep.equal([['b', 'HOST_DISK_SHORT', 'disk']]);
    expect(shortageOf([], operator, GIB, bounds)).to.deep.equal({
      kind: 'reserve',
      freeBytes: GIB,
      boundBytes: 2 * GIB,
    });
  });

  it('ends nobody who takes next to nothing, because that frees nothing', () => {
    expect(ended([taking('a', { diskBytes: 1_000_000 })], 0)).to.deep.equal([]);
  });
});
