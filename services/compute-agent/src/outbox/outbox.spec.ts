import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { eventually, tempDir, testLog } from '#libs/testing/index.ts';
import { completed, failed } from '../engines/engine.ts';
import { openDatabase, OutboxInUseError, type Database } from './database.ts';
import { filesOf, type Kept } from './kept.ts';
import { openOutboxes, type Outboxes } from './outbox.ts';

const noop = completed({
  sha256: 'ab'.repeat(32),
  sizeBytes: 0,
  pixelHash: '',
  seconds: 2,
  notes: ['a note'],
});

const kept = (n: number, more: Partial<Kept> = {}): Kept => ({
  key: `w-1/0-${n}`,
  workloadId: 'w-1',
  attempt: { task: `noop/${n}`, generation: 1, attempt: `0-${n}`, token: Buffer.from([1, 2, n]) },
  outcome: noop,
  receipt: undefined,
  ...more,
});

describe('the outbox', () => {
  let stack: AsyncDisposableStack;
  let dir: string;
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    dir = stack.use(await tempDir()).path;
  });
  afterEach(() => stack.disposeAsync());

  const open = (limits = { records: 100, bytes: 10_000 }, database?: Database): Outboxes => {
    const base = { dir, limits, clock: systemClock, random: systemRandom, log: testLog };
    const opened = openOutboxes(database === undefined ? base : { ...base, database });
    stack.defer(() => opened.close());
    return opened;
  };

  it('has after a restart what each machine kept and did not forget', async () => {
    const first = open();
    const one = first.of('one');
    await Promise.all([one.keep(kept(1)), one.keep(kept(2)), first.of('two').keep(kept(1))]);
    one.forget('w-1/0-2');
    await first.close();
    const second = open();
    expect(second.of('one').restored).to.deep.equal([kept(1)]);
    expect(second.of('two').restored).to.deep.equal([kept(1)]);
    expect(second.of('three').restored).to.deep.equal([]);
  });

  it('has what was kept also if it was not closed, as after a kill', async () => {
    await open()
      .of('one')
      .keep(kept(1, { outcome: failed('TIMEOUT', 'too slow', { log: 'line' }) }));
    const copy = await mkdir(join(dir, 'copy'), { recursive: true });
    for (const name of ['outbox.db', 'outbox.db-wal']) {
      await writeFile(
        join(copy ?? '', name),
        await readFile(join(dir, name)).catch(() => Buffer.alloc(0)),
      );
    }
    dir = copy ?? '';
    const [restored] = open().of('one').restored;
    expect(restored?.outcome).to.include({ failureClass: 'TIMEOUT', log: 'line' });
  });

  it('takes files over, and removes them when they are decided or no record names them', async () => {
    const file = join(dir, 'frame.png');
    await writeFile(file, 'picture');
    const outcome = completed({ ...noop, file, sizeBytes: 7 });
    const first = open();
    const [own = ''] = filesOf(await first.of('one').keep(kept(1, { outcome })));
    expect(own).to.match(/files.f-.*\.png$/);
    await first.close();
    await writeFile(join(dir, 'files', 'stray.png'), 'nobody knows');
    const second = open().of('one');
    expect(await readdir(join(dir, 'files'))).to.have.lengthOf(1);
    expect(filesOf(second.restored[0]!)).to.deep.equal([own]);
    second.forget('w-1/0-1');
    for (let i = 0; i < 100 && (await readdir(join(dir, 'files'))).length > 0; i += 1) {
      await systemClock.sleep(10);
    }
    expect(await readdir(join(dir, 'files'))).to.deep.equal([]);
  });

  it('takes the parts of a result over in a folder of their own, and removes that', async () => {
    const file = join(dir, 'U');
    await writeFile(file, 'field');
    const part = { path: '1/U', file, sha256: 'ab'.repeat(32), sizeBytes: 5 };
    const bare = { path: 'empty', sha256: '', sizeBytes: 0 };
    const parts = [part, { ...part, path: '2/U' }, bare];
    const outcome = completed({ ...noop, parts, sizeBytes: 10 });
    const first = open();
    const [own = '', same] = filesOf(await first.of('one').keep(kept(1, { outcome })));
    expect(own).to.match(/files.d-[^/]+.0$/);
    expect([same, await readFile(own, 'utf8')]).to.deep.equal([own, 'field']);
    await first.close();
    await mkdir(join(dir, 'files', 'stray'));
    const second = open().of('one');
    expect(await readdir(join(dir, 'files'))).to.have.lengthOf(1);
    expect(filesOf(await second.keep(second.restored[0]!))).to.deep.equal([own, own]);
    second.forget('w-1/0-1');
    await eventually(async () => expect(await readdir(join(dir, 'files'))).to.deep.equal([]));
  });

  it('takes files over from another disk', async () => {
    const other = join('/dev/shm', systemRandom.id('muster-test'));
    await mkdir(other);
    stack.defer(() => rm(other, { recursive: true }));
    const file = join(other, 'frame.png');
    await writeFile(file, 'picture');
    const outcome = completed({ ...noop, file, sizeBytes: 7 });
    const [own = ''] = filesOf(await open().of('one').keep(kept(1, { outcome })));
    expect(await readFile(own, 'utf8')).to.equal('picture');
    expect(await readdir(other)).to.deep.equal([]);
  });

  it('puts records aside that are not a database, and begins with none', async () => {
    await writeFile(join(dir, 'outbox.db'), 'garbage, and plenty of it\n'.repeat(1_000));
    const outboxes = open();
    expect(outboxes.of('one').restored).to.deep.equal([]);
    expect(await readdir(dir)).to.include('outbox.db.damaged');
    await outboxes.of('one').keep(kept(1));
  });

  it('survives a truncated file', async () => {
    const first = open();
    await Promise.all(Array.from({ length: 50 }, (_, i) => first.of('one').keep(kept(i))));
    await first.close();
    await truncate(join(dir, 'outbox.db'), 5_000);
    expect(open().of('one').restored.length).to.be.at.most(50);
  });

  it('belongs to one agent at a time', () => {
    open();
    expect(() => openDatabase(dir, testLog)).to.throw(OutboxInUseError, /MUSTER_AGENT_OUTBOX/);
  });

  it('has no room at its bounds until a tenth of them is free again', async () => {
    const outboxes = open({ records: 20, bytes: 10_000 });
    const told: boolean[] = [];
    outboxes.onRoom((hasRoom) => told.push(hasRoom));
    const one = outboxes.of('one');
    for (let i = 0; i < 20; i += 1) {
      void one.keep(kept(i));
    }
    expect(outboxes.hasRoom()).to.equal(false);
    one.forget('w-1/0-0');
    expect(outboxes.hasRoom()).to.equal(false);
    for (let i = 1; i < 4; i += 1) {
      one.forget(`w-1/0-${i}`);
    }
    expect(outboxes.hasRoom()).to.equal(true);
    const outcome = completed({ ...noop, bytes: Buffer.alloc(1), sizeBytes: 10_001 });
    await one.keep(kept(99, { outcome }));
    expect(outboxes.hasRoom()).to.equal(false);
    expect(told).to.deep.equal([false, true, false]);
  });

  it('has no room while the disk refuses writes, reports nothing that is not kept, and recovers by itself', async () => {
    const real = openDatabase(dir, testLog);
    let isFull = true;
    const database: Database = {
      ...real,
      write: (changes) => {
        if (isFull) {
          throw new Error('database or disk is full');
        }
        real.write(changes);
      },
    };
    const outboxes = open({ records: 100, bytes: 10_000 }, database);
    const stuck = Promise.withResolvers<void>();
    outboxes.onRoom((hasRoom) => (hasRoom ? undefined : stuck.resolve()));
    let isKept = false;
    const keep = async (): Promise<void> => {
      await outboxes.of('one').keep(kept(1));
      isKept = true;
    };
    const keeping = keep();
    await stuck.promise;
    expect([outboxes.hasRoom(), isKept]).to.deep.equal([false, false]);
    isFull = false;
    await keeping;
    expect(outboxes.hasRoom()).to.equal(true);
  });
});
