import { expect } from 'chai';
import { describe, it } from 'mocha';
import { fakeClock } from '#libs/testing/index.ts';
import { MIN_FREE_BYTES, watchDisk } from './disk.ts';

describe('watchDisk', () => {
  const watched = (free: { bytes: number }) => {
    const clock = fakeClock();
    const notes: string[] = [];
    const rooms: number[] = [];
    const disk = watchDisk({
      clock,
      directory: '/data',
      freeBytes: async () => free.bytes,
      note: (text) => void notes.push(text),
      onRoom: () => void rooms.push(1),
    });
    return { clock, notes, rooms, disk };
  };

  it('says once that the disk is full, and once that there is room again', async () => {
    const free = { bytes: MIN_FREE_BYTES };
    const { clock, notes, rooms, disk } = watched(free);
    await clock.advance(10_000);
    expect(notes).to.deep.equal([]);
    free.bytes = 1_000;
    await clock.advance(10_000);
    expect(notes).to.have.length(1);
    expect(notes[0]).to.include('the disk of /data is full (1000 B free)');
    free.bytes = MIN_FREE_BYTES * 2;
    await clock.advance(10_000);
    expect(notes[1]).to.include('has room again');
    expect([notes.length, rooms.length]).to.deep.equal([2, 1]);
    await disk.stop();
  });

  it('changes nothing where the disk was only nearly full', async () => {
    const free = { bytes: MIN_FREE_BYTES - 1 };
    const { clock, notes, rooms, disk } = watched(free);
    await clock.advance(10_000);
    free.bytes = MIN_FREE_BYTES;
    await clock.advance(10_000);
    expect([notes.length, rooms.length]).to.deep.equal([2, 0]);
    await disk.stop();
  });
});
