import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { openSceneCache, type SceneCache } from './scene-cache.ts';
import type { Fetch, SceneId } from './download.ts';

interface Scene extends SceneId {
  bytes: Buffer;
}
const scene = (text: string, sizeBytes = 100): Scene => {
  const bytes = Buffer.alloc(sizeBytes, text);
  return { bytes, sizeBytes, sha256: createHash('sha256').update(bytes).digest('hex') };
};
const [a, b, c, d] = [scene('a'), scene('b'), scene('c'), scene('d')];
const going = new AbortController().signal;

/** Yields the bytes in pieces, and counts its calls. */
const counting = (bytes: Uint8Array): Fetch & { calls: number } => {
  const fetch = async function* () {
    fetch.calls += 1;
    for (let at = 0; at < bytes.length; at += 30) {
      yield bytes.subarray(at, at + 30);
    }
  };
  fetch.calls = 0;
  return fetch;
};
const never: Fetch = () => {
  throw new Error('fetched again');
};
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the scene cache', () => {
  let dir: string;
  let cache: SceneCache;
  const open = (limitBytes = 1_000) =>
    openSceneCache({ dir, limitBytes, clock: systemClock, random: systemRandom });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'muster-cache-'));
    cache = await open();
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  /** The visible scenes. Partial files show as `partial/…`. */
  const shelf = async (): Promise<string[]> => {
    const partial = (await readdir(join(dir, 'partial'))).map((name) => `partial/${name}`);
    return [...(await readdir(dir)).filter((name) => name !== 'partial'), ...partial].sort();
  };
  const borrowAll = async (...scenes: Scene[]) => {
    for (const each of scenes) {
      (await cache.borrow(each, counting(each.bytes), going)).release();
    }
  };

  it('fetches a scene once, however many ask at the same time and later', async () => {
    const fetch = counting(a.bytes);
    const borrowed = await Promise.all([1, 2, 3].map(() => cache.borrow(a, fetch, going)));
    borrowed.push(await cache.borrow(a, never, going));
    expect(fetch.calls).to.equal(1);
    expect(new Set(borrowed.map(({ file }) => file)).size).to.equal(1);
    const { file } = borrowed[0] ?? { file: '' };
    expect(await readFile(file)).to.deep.equal(a.bytes);
    expect((await stat(file)).mode & 0o777).to.equal(0o444);
  });

  it('uses the files of an earlier run after it has checked every byte', async () => {
    await borrowAll(a, b);
    const file = join(dir, b.sha256);
    await chmod(file, 0o644);
    await writeFile(file, Buffer.alloc(100, 'x'));
    cache = await open();
    expect(await readFile((await cache.borrow(a, never, going)).file)).to.deep.equal(a.bytes);
    const again = counting(b.bytes);
    expect(await readFile((await cache.borrow(b, again, going)).file)).to.deep.equal(b.bytes);
    expect(again.calls).to.equal(1);
  });

  it('notices that a file was changed or removed while it runs', async () => {
    await borrowAll(a);
    const file = join(dir, a.sha256);
    await chmod(file, 0o644);
    await writeFile(file, Buffer.alloc(100, 'x'));
    await utimes(file, 1, 1);
    const again = counting(a.bytes);
    await cache.borrow(a, again, going);
    await rm(file);
    await cache.borrow(a, again, going);
    expect(again.calls).to.equal(2);
    expect(await readFile(file)).to.deep.equal(a.bytes);
  });

  it('shows neither a partial nor a wrong file, and says what it got', async () => {
    const cases: Array<[Fetch, string]> = [
      [counting(b.bytes), b.sha256],
      [counting(a.bytes.subarray(0, 60)), '60 of 100 bytes'],
      [counting(Buffer.alloc(101, 'a')), 'more than 100 bytes'],
    ];
    for (const [fetch, got] of cases) {
      const error = await failure(cache.borrow(a, fetch, going));
      expect(error).to.have.property('reason', 'SCENE_DAMAGED');
      expect(error).to.have.nested.property('metadata.got', got);
      expect(await shelf()).to.deep.equal([]);
    }
    const cut = async function* () {
      yield a.bytes.subarray(0, 50);
      expect(await shelf()).to.have.length(1);
      throw new Error('the line went dead');
    };
    expect(await failure(cache.borrow(a, cut, going))).to.have.property(
      'message',
      'the line went dead',
    );
    expect(await shelf()).to.deep.equal([]);
    await borrowAll(a);
  });

  it('evicts the longest unused scenes when it needs room, and never one in use', async () => {
    cache = await open(250);
    const held = await cache.borrow(a, counting(a.bytes), going);
    await borrowAll(b);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await borrowAll(c);
    expect(await shelf()).to.deep.equal([a.sha256, c.sha256].sort());
    const other = await cache.borrow(c, never, going);
    expect(await failure(cache.borrow(d, never, going))).to.have.property('reason', 'CACHE_FULL');
    held.release();
    held.release();
    await borrowAll(d);
    expect(await shelf()).to.deep.equal([c.sha256, d.sha256].sort());
    other.release();
    expect(await failure(cache.borrow(scene('e', 251), never, going))).to.have.property(
      'reason',
      'CACHE_FULL',
    );
  });

  it('keeps to its limit across restarts, oldest first', async () => {
    await borrowAll(a, b);
    await utimes(join(dir, a.sha256), 2_000, 2_000);
    await utimes(join(dir, b.sha256), 1_000, 1_000);
    cache = await open(250);
    await borrowAll(c);
    expect(await shelf()).to.deep.equal([a.sha256, c.sha256].sort());
  });

  it('fetches as long as anybody waits, and stops when the last one leaves', async () => {
    const began = Promise.withResolvers<AbortSignal>();
    const slow: Fetch = async function* (signal) {
      began.resolve(signal);
      yield a.bytes.subarray(0, 10);
      await once(signal, 'abort');
      signal.throwIfAborted();
    };
    const [first, second] = [new AbortController(), new AbortController()];
    const one = failure(cache.borrow(a, slow, first.signal));
    const two = failure(cache.borrow(a, slow, second.signal));
    const fetching = await began.promise;
    first.abort(new Error('first left'));
    expect(await one).to.have.property('message', 'first left');
    expect(fetching.aborted).to.equal(false);
    second.abort(new Error('second left'));
    expect(await two).to.have.property('message', 'second left');
    expect(fetching.aborted).to.equal(true);
    await borrowAll(a);
  });

  it('removes the partial files of agents that are gone, and only those', async () => {
    await writeFile(join(dir, 'partial/f-old'), 'x');
    await utimes(join(dir, 'partial/f-old'), 1_000, 1_000);
    await writeFile(join(dir, 'partial/f-new'), 'x');
    await open();
    expect(await shelf()).to.deep.equal(['partial/f-new']);
  });
});
