import type { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import {
  eventually,
  fakeClock,
  tempDir,
  type FakeClock,
  type TempDir,
} from '#libs/testing/index.ts';
import { parsePools } from '../pool-expression.ts';
import type { Ask } from '../domain/lease-table.ts';
import { silentEvents } from '../fixtures/broker.ts';
import { FolderInUseError, openDatabase } from '../store/database.ts';
import { createLeaseStore, type LeaseStore } from '../store/lease-store.ts';
import { openLeaseManager, type LeaseManager } from './lease-manager.ts';

const MINUTE_MS = 60_000;
const ask = (more: Partial<Ask> = {}): Ask => ({
  pool: 'a',
  port: undefined,
  count: 1,
  ttlMs: MINUTE_MS,
  owner: 'ann',
  holder: '',
  requestId: '',
  requestHash: '',
  session: '',
  isBound: false,
  ...more,
});
const forever = new AbortController().signal;

const reasonOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (thrown: unknown) => (isDomainError(thrown) ? thrown.reason : String(thrown)),
  );

describe('the lease manager', () => {
  let dir: TempDir;
  let clock: FakeClock;
  let database: DatabaseSync;
  let store: LeaseStore;
  let leaseManager: LeaseManager;
  let isFull: boolean;
  let isBlind: boolean;
  let reads: number;

  const open = (bootId = 'boot-1'): void => {
    database = openDatabase(dir.path);
    const real = createLeaseStore(database);
    store = {
      ...real,
      write: (decisions) => {
        if (isFull) {
          throw new Error('database or disk is full');
        }
        real.write(decisions);
      },
    };
    const read = () => {
      reads += 1;
      return isBlind ? undefined : () => false;
    };
    const sockets = { read, listeners: () => [] };
    const pools = parsePools('a=100-103,b=200-1099');
    leaseManager = openLeaseManager({
      host: 'here',
      pools,
      store,
      sockets,
      bootId,
      clock,
      random: systemRandom,
      events: silentEvents,
    });
  };
  const reopen = (bootId?: string): void => {
    leaseManager.close();
    database.close();
    open(bootId);
  };
  beforeEach(async () => {
    dir = await tempDir();
    clock = fakeClock();
    [isFull, isBlind, reads] = [false, false, 0];
    open();
  });
  afterEach(async () => {
    leaseManager.close();
    database.close();
    await dir[Symbol.asyncDispose]();
  });
  const acquire = (more: Partial<Ask> = {}) => leaseManager.acquire(ask(more), undefined, forever);
  const live = () =>
    [...leaseManager.table().leases.values()].filter(({ lease }) => lease.end === undefined);

  it('grants nothing while the disk refuses writes, says so, and goes on by itself', async () => {
    const [first] = await acquire();
    isFull = true;
    const error = await acquire().catch((thrown: unknown) => thrown);
    expect(isDomainError(error) && error.metadata['dependency']).to.equal('disk');
    const release = leaseManager.release({ id: first!.id, token: 0, owner: undefined });
    expect(await reasonOf(release)).to.equal('DEPENDENCY_UNAVAILABLE');
    expect(live().map(({ lease }) => lease.id)).to.deep.equal([first!.id]);
    expect(leaseManager.trouble()).to.include('make room');
    isFull = false;
    const [second] = await acquire();
    expect(second?.port).to.equal(101);
    expect(leaseManager.trouble()).to.equal('');
    reopen();
    expect(live().map(({ lease }) => lease.port)).to.have.members([100, 101]);
  });

  it('loses nobody who waits while the disk refuses writes', async () => {
    const all = await acquire({ count: 4 });
    const waiting = leaseManager.acquire(ask(), MINUTE_MS, forever);
    await eventually(() => expect(leaseManager.table().pools.get('a')?.waiting.size).to.equal(1));
    isFull = true;
    const { id } = all[0]!;
    expect(await reasonOf(leaseManager.release({ id, token: 0, owner: 'ann' }))).to.equal(
      'DEPENDENCY_UNAVAILABLE',
    );
    isFull = false;
    await leaseManager.release({ id, token: 0, owner: 'ann' });
    expect((await waiting)[0]?.port).to.equal(100);
  });

  it('grants nothing while nobody can say which ports are taken', async () => {
    isBlind = true;
    expect(await reasonOf(acquire())).to.equal('DEPENDENCY_UNAVAILABLE');
    expect(await reasonOf(leaseManager.reconcile())).to.equal('DEPENDENCY_UNAVAILABLE');
    isBlind = false;
    expect(await acquire()).to.have.length(1);
  });

  it('reads the table of sockets for a decision that needs it, and once for all of a turn', async () => {
    const all = await Promise.all([acquire(), acquire(), acquire()]);
    expect(reads).to.equal(1);
    const [lease] = all[0];
    await leaseManager.renew({ id: lease!.id, token: lease!.token, owner: 'ann' }, undefined);
    // What is due is looked for four times a second, and the ports are looked at every two.
    await clock.advance(1_500);
    expect(reads).to.equal(1);
    await clock.advance(1_000);
    expect(reads).to.equal(2);
  });

  it('ends all leases of another boot of the host, and never gives a token twice', async () => {
    const [lease] = await acquire();
    reopen('boot-2');
    expect(leaseManager.table().leases.get(lease!.id)?.lease.end?.reason).to.equal('rebooted');
    const [next] = await acquire({ port: lease!.port });
    expect(next!.token).to.equal(lease!.token + 1);
  });

  it('ends what nobody renews, after a full grace since the restart', async () => {
    const [lease] = await acquire();
    await clock.advance(MINUTE_MS - 1_000);
    reopen();
    await clock.advance(MINUTE_MS - 1_000);
    expect(live()).to.have.length(1);
    const ended = new Promise((resolve) => leaseManager.onChange(resolve));
    await clock.advance(2_000);
    expect(await ended).to.include({ id: lease!.id });
  });

  it('has 900 leases back after a restart', async () => {
    await Promise.all(Array.from({ length: 900 }, () => acquire({ pool: 'b' })));
    reopen();
    expect(new Set(live().map(({ lease }) => lease.port)).size).to.equal(900);
    expect(await reasonOf(acquire({ pool: 'b' }))).to.equal('PORT_POOL_EXHAUSTED');
  });

  it('lets nobody else into its folder', () => {
    expect(() => openDatabase(dir.path)).to.throw(FolderInUseError, /MUSTER_PORT_DATA/);
  });
});
