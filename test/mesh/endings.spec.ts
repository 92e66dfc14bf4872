import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { noopSpec, type TestStore } from '#libs/testing/index.ts';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { start } from '../harness/work.ts';

describe('services that are asked to end while a store is away', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh();
    const acme = await mesh.customer('acme');
    await mesh.agent('alpha');
    await start(acme, { noop: noopSpec({ tasks: 10_000, durationMs: 50, resultBytes: 500 }) });
  });
  after(() => mesh[Symbol.asyncDispose]());

  const stores: Record<string, () => TestStore> = {
    MongoDB: () => mesh.stores.mongod,
    NATS: () => mesh.stores.nats,
    Azurite: () => mesh.stores.azurite,
  };
  for (const [name, store] of Object.entries(stores)) {
    it(`end in good order without ${name}`, async () => {
      const services = Object.entries(mesh.services);
      await store().kill('SIGKILL');
      const ends = services.map(async ([service, running]) => [service, await running.stop()]);
      const codes = Object.fromEntries(await Promise.all(ends)) as object;
      await store().restart();
      await Promise.all(services.map(([, running]) => running.restart()));
      expect(codes).to.deep.equal({ supervisor: 0, manager: 0, blob: 0 });
    });
  }
});
