import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { collection, connectMongo, type Store } from '#libs/mongo/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { testLog } from '#libs/testing/index.ts';
import { sharedStores } from '#libs/testing/shared-stores.ts';
import { createCustomerStore, type CustomerStore } from './customers.ts';

const configured = { runningWorkloads: 1, users: 100, weight: 1, parkedWorkloads: 1_000 };
const now = new Date(1_000);
const later = new Date(2_000);

describe('createCustomerStore', () => {
  let mongo: Store;
  let store: CustomerStore;
  before(async () => {
    const { mongod } = await sharedStores();
    mongo = await connectMongo({
      url: mongod.url,
      database: systemRandom.id('s'),
      logger: testLog,
    });
    store = createCustomerStore(collection(mongo.db, 'customers'), configured);
  });
  after(() => mongo.close());

  it('gives the configured plan to a customer that was never put', async () => {
    expect(await store.planOf('nobody')).to.deep.equal(configured);
    expect(await store.find('nobody')).to.equal(undefined);
  });

  it('changes the given fields and keeps the others', async () => {
    await store.put('acme', { displayName: 'Acme', plan: { users: 5 } }, now);
    const changed = await store.put('acme', { displayName: undefined, plan: { weight: 3 } }, later);
    expect(changed).to.deep.equal({
      _id: 'acme',
      displayName: 'Acme',
      plan: { users: 5, weight: 3 },
      createdAt: now,
      updatedAt: later,
    });
    expect(await store.planOf('acme')).to.deep.equal({
      ...configured,
      users: 5,
      weight: 3,
    });
  });

  it('takes 0 for the configured value, even in the first put', async () => {
    await store.put(
      'zero',
      { displayName: '', plan: { users: 0, weight: 0, runningWorkloads: 0 } },
      now,
    );
    expect(await store.planOf('zero')).to.deep.equal(configured);
    await store.put('zero', { displayName: '', plan: { users: 7 } }, now);
    await store.put('zero', { displayName: '', plan: { users: 0 } }, now);
    expect(await store.planOf('zero')).to.deep.equal(configured);
  });

  it('lets simultaneous first puts of a customer make one', async () => {
    const puts = Array.from({ length: 20 }, (_, i) =>
      store.put('racy', { displayName: `n${i}`, plan: {} }, now),
    );
    await Promise.all(puts);
    expect((await store.list('', 100)).filter(({ _id }) => _id === 'racy')).to.have.lengthOf(1);
  });

  it('lists by id, after an id', async () => {
    for (const id of ['list-c', 'list-a', 'list-b']) {
      await store.put(id, { displayName: '', plan: {} }, now);
    }
    expect((await store.list('list-a', 2)).map(({ _id }) => _id)).to.deep.equal([
      'list-b',
      'list-c',
    ]);
  });
});
