import { after } from 'mocha';
import {
  startAzurite,
  startMongod,
  startNats,
  type TestAzurite,
  type TestMongod,
  type TestStore,
} from './stores.ts';

const opened = new AsyncDisposableStack();
let shared: Promise<{ mongod: TestMongod; nats: TestStore }> | undefined;
let azurite: Promise<TestAzurite> | undefined;

after(async function closeSharedStores() {
  this.timeout(30_000);
  await opened.disposeAsync();
});

/** Stores for all specs of a run. Each test has a database of its own. */
export const sharedStores = (): NonNullable<typeof shared> =>
  (shared ??= (async () => {
    const [mongod, nats] = await Promise.all([startMongod(), startNats()]);
    opened.use(mongod);
    opened.use(nats);
    return { mongod, nats };
  })());

/** An Azurite for all specs of a run. Each test has a container of its own. */
export const sharedAzurite = (): NonNullable<typeof azurite> =>
  (azurite ??= startAzurite().then((started) => opened.use(started)));
