import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { collection, connectMongo, type Store } from '#libs/mongo/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { startMongod, type TestMongod, testLog } from '#libs/testing/index.ts';
import { openUsers, type NewConnection, type Users } from './users.ts';

const stream = (id: string, connection: string, installation = '', ordinal = 0): NewConnection => ({
  installation,
  ordinal,
  id,
  name: id,
  manager: 'm-1',
  connection,
  nowMs: 0,
  slots: 1,
  agentVersion: '1',
  owner: '',
  goodLooks: 0,
  capability: { cpus: 1, memoryBytes: 0, engines: [], sandbox: 'SANDBOX_LEVEL_NONE' },
});

describe('the records of users', () => {
  let mongod: TestMongod;
  let store: Store;
  let users: Users;
  before(async () => {
    mongod = await startMongod();
    store = await connectMongo({
      url: mongod.url,
      database: systemRandom.id('u'),
      logger: testLog,
    });
    users = openUsers(collection(store.db, 'users'));
  });
  after(async () => {
    await store.close();
    await mongod[Symbol.asyncDispose]();
  });

  it('give a user to one of several matchers that saw it idle', async () => {
    const { after: seen } = (await users.connect(stream('u-1', 'c-1')))!;
    const claims = await Promise.all(
      ['w-1', 'w-2', 'w-3'].map((session) => users.claim(seen, session)),
    );
    expect(claims.filter((claimed) => claimed !== undefined)).to.have.lengthOf(1);
  });

  it('of managers that knew no devices have none', async () => {
    const old = { ...stream('u-old', 'c-1').capability, engines: [{ name: 'CYCLES' }] } as never;
    await users.connect({ ...stream('u-old', 'c-1'), capability: old });
    const user = await users.get('u-old');
    expect(user?.capability.engines).to.deep.equal([{ name: 'CYCLES', devices: [] }]);
  });

  it('keep the later stream of an agent, whichever is told of first', async () => {
    const opened = (ordinal: number, installation = 'i-1') =>
      users.connect(stream('u-late', `c-${ordinal}`, installation, ordinal));
    const [later, older] = await Promise.all([opened(2), opened(1)]);
    expect(later?.after).to.include({ connection: 'c-2' });
    expect(await opened(1)).to.equal(undefined);
    expect(await users.get('u-late')).to.include({ connection: 'c-2' });
    // It may have come before the later one, and was replaced then.
    expect(older?.after.connection).to.be.oneOf([undefined, 'c-1']);
    expect((await opened(3))?.before).to.include({ connection: 'c-2' });
    // Another agent of the same machine counts for itself.
    expect((await opened(1, 'i-2'))?.before).to.include({ connection: 'c-3' });
  });

  it('give nobody a user that has connected anew, or serves somebody, since it was seen', async () => {
    const { after: seen } = (await users.connect(stream('u-2', 'c-1')))!;
    await users.connect(stream('u-2', 'c-2'));
    expect(await users.claim(seen, 'w-1')).to.equal(undefined);
    const again = await users.get('u-2');
    expect(await users.claim({ ...seen, ...again, connection: 'c-2' }, 'w-1')).to.include({
      session: 'w-1',
    });
    expect(await users.claim({ ...seen, ...again, connection: 'c-2' }, 'w-2')).to.equal(undefined);
  });

  it('take a user from a session only under the claim that it was given with', async () => {
    const { after: seen } = (await users.connect(stream('u-3', 'c-1')))!;
    const claimed = await users.claim(seen, 'w-1');
    expect(await users.release('u-3', 'w-1', (claimed?.claim ?? 0) - 1)).to.equal(undefined);
    expect(await users.release('u-3', 'w-2', claimed?.claim ?? 0)).to.equal(undefined);
    expect(await users.release('u-3', 'w-1', claimed?.claim ?? 0)).to.include({ session: null });
  });
});
