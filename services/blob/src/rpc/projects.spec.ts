import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  ProjectManifest,
  type CreateProjectRequest,
  type Object as MeshObject,
} from '#libs/contracts/blob.ts';
import { customerFile, readAll, uploadOf } from '#libs/testing/index.ts';
import { reasonOf, sha256Of, startFixture, type BlobFixture } from '../fixtures/blob.ts';

const none: Buffer = Buffer.alloc(0);

type Client = BlobFixture['alice'];

describe('a project', () => {
  let mesh: BlobFixture;
  let main: MeshObject;
  let picture: MeshObject;

  const store = async (client: Client, text: string): Promise<MeshObject> => {
    const { blobName } = await client.upload(uploadOf(customerFile(), Buffer.from(text)));
    const ask = { blobName, fileName: 'file', customerId: '', requestId: '' };
    const { object } = await client.object.createObject(ask);
    if (object === undefined) {
      throw new Error('no object');
    }
    return object;
  };
  const create = async (client: Client, ask: Partial<CreateProjectRequest>) => {
    const whole = { files: [], mainPath: 'main.blend', customerId: '', requestId: '', ...ask };
    const { object } = await client.object.createProject(whole);
    if (object === undefined) {
      throw new Error('no object');
    }
    return object;
  };
  const files = () => [
    { path: 'tex/a.png', objectId: picture.objectId },
    { path: 'scenes/main.blend', objectId: main.objectId },
    { path: '/srv/tex/b.png', objectId: picture.objectId },
    { path: 'empty.txt', objectId: '' },
  ];
  const mainPath = 'scenes/main.blend';
  const find = async (client: Client, ...sha256: string[]): Promise<string[]> => {
    const { objects } = await client.object.findObjects({ sha256, customerId: '' });
    return objects.map(({ objectId }) => objectId);
  };

  before(async function () {
    this.timeout(60_000);
    mesh = await startFixture();
    main = await store(mesh.alice, 'a scene');
    picture = await store(mesh.alice, 'a picture');
  });
  after(() => mesh[Symbol.asyncDispose]());

  it('is an object whose bytes say where each file belongs, with a grant for agents alone', async () => {
    const object = await create(mesh.alice, { files: files(), mainPath });
    expect(object).to.deep.include({
      customerId: 'alice',
      fileName: 'main.blend',
      project: { mainPath, mainBlobName: main.blobName, files: 4, totalBytes: 7 + 9 + 9 },
    });
    const { blobName } = object;
    const { bytes } = await readAll(
      mesh.service.download({ blobName, offset: 0, lengthBytes: 0, grant: none }),
    );
    const manifest = ProjectManifest.decode(bytes);
    expect(manifest.files.map(({ path, sizeBytes }) => [path, sizeBytes])).to.deep.equal([
      ['/srv/tex/b.png', 9],
      ['empty.txt', 0],
      ['scenes/main.blend', 7],
      ['tex/a.png', 9],
    ]);
    const { blobName: ofPicture = '', grant = none } = manifest.files[3] ?? {};
    for (const agent of [mesh.agent, mesh.otherAgent]) {
      expect(await reasonOf(agent.statBlob({ blobName: ofPicture, grant }))).to.equal('answered');
    }
    expect(await reasonOf(mesh.bob.statBlob({ blobName: ofPicture, grant }))).to.equal(
      'BLOB_NOT_FOUND',
    );
    // The manifest itself needs a grant for the machine.
    expect(await reasonOf(mesh.agent.statBlob({ blobName, grant }))).to.equal('BLOB_NOT_FOUND');
  });

  it('is one object however often and in whatever order its files are named', async () => {
    const first = await create(mesh.alice, { files: files(), mainPath, requestId: 'r-1' });
    const again = await create(mesh.alice, { files: files().toReversed(), mainPath });
    expect(again.objectId).to.equal(first.objectId);
    expect(
      await reasonOf(
        create(mesh.alice, { files: files().slice(0, 2), mainPath, requestId: 'r-2' }),
      ),
    ).to.equal('answered');
    expect(
      await reasonOf(create(mesh.alice, { files: files(), mainPath, requestId: 'r-2' })),
    ).to.equal('REQUEST_ID_REUSED');
  });

  it('refuses paths that leave their folder or clash, and a main file that is none', async () => {
    const { objectId } = main;
    const refused = async (paths: string[], mainAt = 'a.blend'): Promise<void> => {
      const ask = { files: paths.map((path) => ({ path, objectId })), mainPath: mainAt };
      expect(await reasonOf(create(mesh.alice, ask)), paths.join()).to.equal('INVALID_FIELDS');
    };
    await refused([]);
    await refused(['a.blend', '../b']);
    await refused(['a.blend', '/srv/../etc/passwd']);
    await refused(['a.blend', 'a.blend']);
    await refused(['a.blend', 'a.blend/b']);
    await refused(['b.blend']);
    await refused(['/a.blend'], '/a.blend');
    await refused(
      Array.from({ length: 20_001 }, (_, i) => `${i}.blend`),
      '1.blend',
    );
  });

  it("takes no files of other customers, and no project as another's file", async () => {
    const foreign = await store(mesh.bob, 'a picture');
    const [first] = files();
    const withFile = (objectId: string) =>
      reasonOf(create(mesh.alice, { files: [...files(), { path: 'x', objectId }], mainPath }));
    expect(await withFile(foreign.objectId)).to.equal('OBJECT_NOT_FOUND');
    expect(await withFile('o-0000000000000000')).to.equal('OBJECT_NOT_FOUND');
    expect(first).not.to.equal(undefined);
    const project = await create(mesh.alice, { files: files(), mainPath });
    expect(await withFile(project.objectId)).to.equal('OBJECT_NOT_FOUND');
  });

  it('finds the files that the mesh has, each by its hash, and only the caller’s own', async () => {
    const hashes = [sha256Of(Buffer.from('a picture')), sha256Of(Buffer.from('never sent'))];
    expect(await find(mesh.alice, ...hashes)).to.deep.equal([picture.objectId]);
    expect(await find(mesh.carol, ...hashes)).to.deep.equal([]);
    for (const sha256 of [['x'], Array.from({ length: 1_001 }, () => hashes[0] ?? '')]) {
      expect(await reasonOf(mesh.alice.object.findObjects({ sha256, customerId: '' }))).to.equal(
        'INVALID_FIELDS',
      );
    }
  });

  it('refuses paths that are too deep, and too many characters of paths', async () => {
    const at = (path: string) => ({ path, objectId: main.objectId });
    const ask = (...paths: string[]) =>
      reasonOf(create(mesh.alice, { mainPath: 'm', files: [at('m'), ...paths.map(at)] }));
    expect(await ask(`${'a/'.repeat(63)}f`)).to.equal('answered');
    expect(await ask(`${'a/'.repeat(64)}f`)).to.equal('INVALID_FIELDS');
    const long = Array.from({ length: 3_500 }, (_, i) =>
      `${i}/`.padEnd(1_000, `${'x'.repeat(99)}/`),
    );
    expect(await ask(...long.map((path) => `${path}f`).slice(0, 3_000))).to.equal('answered');
    expect(await ask(...long.map((path) => `${path}f`))).to.equal('INVALID_FIELDS');
  });

  it('looks at few of the newest objects that have the same bytes', async () => {
    const alike: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const { objectId, blobName } = await store(mesh.alice, 'often sent');
      alike.push(objectId);
      if (i > 1) {
        await mesh.service.deleteBlob({ blobName });
      }
    }
    const hash = sha256Of(Buffer.from('often sent'));
    expect(await find(mesh.alice, hash, hash)).to.deep.equal([]);
    const again = await store(mesh.alice, 'often sent');
    expect(await find(mesh.alice, hash, hash)).to.deep.equal([again.objectId]);
  });

  it('does not find a file whose bytes the storage has lost, until it is sent again', async () => {
    const lost = await store(mesh.alice, 'soon lost');
    await mesh.service.deleteBlob({ blobName: lost.blobName });
    expect(await find(mesh.alice, lost.sha256)).to.deep.equal([]);
    const again = await store(mesh.alice, 'soon lost');
    expect(await find(mesh.alice, lost.sha256)).to.deep.equal([again.objectId]);
  });
});
