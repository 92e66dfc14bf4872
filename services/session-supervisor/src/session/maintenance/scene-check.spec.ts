import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { fakeClock, testLog } from '#libs/testing/index.ts';
import { connectBlob, type BlobAccess } from '../../blob-access.ts';
import { openBlob, type TestBlob } from '../../fixtures/blob.ts';
import { openMesh, type TestMesh } from '../../fixtures/mesh.ts';
import type { InputFile } from '../../kinds/kind.ts';
import { createSceneCheck } from './scene-check.ts';

describe('the check of a scene that a user says is lost', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let store: TestBlob;
  let blob: BlobAccess;
  let container: ContainerClient;

  before(async () => {
    mesh = await openMesh();
    store = await openBlob(mesh);
    const token = await mesh.token('service', 'session-supervisor');
    blob = connectBlob({ target: store.service.address, token });
    const storage = BlobServiceClient.fromConnectionString(store.azurite.url);
    container = storage.getContainerClient('muster');
  });
  after(async () => {
    blob?.close();
    await store?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  const fileOf = async (objectId: string): Promise<InputFile> => {
    const { object } = await blob.getObject({ objectId }, new AbortController().signal);
    if (object === undefined) {
      throw new Error('no object');
    }
    const { fileName, blobName, sha256, sizeBytes, project } = object;
    const isProject = project && { isProject: true as const };
    return {
      objectId,
      fileName,
      blob: blobName,
      sha256,
      sizeBytes,
      blenderVersion: '',
      ...isProject,
    };
  };
  const stored = async (text: string): Promise<InputFile> =>
    fileOf(await store.object('acme', Buffer.from(text), 'film.blend'));
  /** Writes other bytes under the same name, and keeps the properties of the right ones. */
  const damage = async ({ blob: name }: InputFile): Promise<void> => {
    const client = container.getBlockBlobClient(name);
    const { metadata = {}, contentLength = 0 } = await client.getProperties();
    await client.upload(Buffer.alloc(contentLength, 7), contentLength, { metadata });
  };
  const checking = (
    file: InputFile | undefined,
    access: Pick<BlobAccess, 'digest' | 'head'> = blob,
  ) => {
    const found: string[] = [];
    const clock = fakeClock();
    const check = createSceneCheck({
      blob: access,
      file,
      clock,
      logger: testLog,
      signal: new AbortController().signal,
      onLost: (userName, what) => found.push(`${userName}: ${what}`),
    });
    return { check, found, clock };
  };

  it('finds nothing where it is stored as it was handed in', async () => {
    const { check, found } = checking(await stored('whole'));
    await check('liar');
    expect(found).to.deep.equal([]);
  });

  it('finds nothing for work without an input', async () => {
    const { check, found } = checking(undefined);
    await check('liar');
    expect(found).to.deep.equal([]);
  });

  it('finds that it is gone, and that it is damaged', async () => {
    const [gone, damaged] = [await stored('gone'), await stored('damaged')];
    await container.deleteBlob(gone.blob);
    await damage(damaged);
    const one = checking(gone);
    await one.check('alpha');
    expect(one.found).to.deep.equal(['alpha: film.blend is not stored any more']);
    const other = checking(damaged);
    await other.check('alpha');
    expect(other.found).to.deep.equal(['alpha: film.blend is damaged where it is stored']);
  });

  it('finds each lost file of a project', async () => {
    const parts = await Promise.all(
      ['main', 'earth'].map(async (text) => store.object('acme', Buffer.from(text), text)),
    );
    const project = await store.project('acme', 'a.blend', {
      'a.blend': parts[0]!,
      'textures/earth.png': parts[1]!,
    });
    const whole = checking(await fileOf(project));
    await whole.check('liar');
    expect(whole.found).to.deep.equal([]);
    await container.deleteBlob((await fileOf(parts[1]!)).blob);
    const { check, found } = checking(await fileOf(project));
    await check('alpha');
    expect(found).to.deep.equal(['alpha: textures/earth.png is not stored any more']);
  });

  it('reads the file once for many reports, and again a minute later', async () => {
    const file = await stored('much read');
    let reads = 0;
    const digest: BlobAccess['digest'] = (name, signal) => {
      reads += 1;
      return blob.digest(name, signal);
    };
    const { check, clock } = checking(file, { ...blob, digest });
    await Promise.all([check('liar'), check('liar'), check('other')]);
    await check('liar');
    expect(reads).to.equal(1);
    await clock.advance(60_000);
    await check('liar');
    expect(reads).to.equal(2);
  });
});
