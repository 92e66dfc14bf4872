import { hash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import type { Scene } from '#libs/contracts/agent.ts';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import { systemRandom } from '#libs/random/index.ts';
import { createTestClient, failureOf, tempDir, type TempDir } from '#libs/testing/index.ts';
import { openSceneCache } from '../cache/scene-cache.ts';
import { startBlobService, type BlobFixture } from '../fixtures/blob.ts';
import type { Blobs } from './blobs.ts';
import { getProject, type ProjectOptions } from './project.ts';

const MACHINE = 'm-1';
const going = new AbortController().signal;

describe('a project on an agent, with a real blob service', function () {
  this.timeout(60_000);
  let blob: BlobFixture;
  let client: Blobs;
  let dir: TempDir;
  let fetched: string[];

  before(async () => {
    blob = await startBlobService();
    const token = await blob.agentToken(MACHINE);
    client = createTestClient(BlobServiceService, { target: blob.endpoint, token });
  });
  after(async () => {
    client?.close();
    await dir?.[Symbol.asyncDispose]();
    await blob?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await dir?.[Symbol.asyncDispose]();
    dir = await tempDir();
    fetched = [];
  });

  const open = async (limitBytes = 1_000_000): Promise<ProjectOptions> => {
    const [clock, random] = [systemClock, systemRandom];
    return {
      cache: await openSceneCache({ dir: join(dir.path, 'scenes'), limitBytes, clock, random }),
      projectsDir: join(dir.path, 'projects'),
      blobs: {
        ...client,
        download: (request, options) => {
          fetched.push(request.blobName);
          return client.download(request, options);
        },
      },
      clock,
      random,
      onRetry: () => undefined,
    };
  };
  const laidOut = async (): Promise<string[]> =>
    readdir(join(dir.path, 'projects')).catch(() => []);
  const [main, bark] = [randomBytes(3_000), randomBytes(2_000)];
  const files: Record<string, Uint8Array | ''> = {
    'shots/a.blend': main,
    'tex/bark.png': bark,
    '/srv/bark.png': bark,
    none: '',
  };

  it('has every file at its place, read-only, and each content once on the disk', async () => {
    const { input, release } = await getProject(
      await blob.project(MACHINE, files),
      await open(),
      going,
    );
    const { file, project } = input;
    expect(await readFile(file)).to.deep.equal(main);
    expect(file).to.equal(join(project?.folder ?? '', 'shots/a.blend'));
    const [srv] = project?.places ?? [];
    expect(srv?.place).to.equal('/srv');
    const [first, second] = [
      join(project?.folder ?? '', 'tex/bark.png'),
      join(srv?.path ?? '', 'bark.png'),
    ];
    expect(await readFile(first)).to.deep.equal(bark);
    expect((await stat(second)).ino).to.equal((await stat(first)).ino);
    expect(((await stat(first)).mode & 0o777).toString(8)).to.equal('444');
    expect((await stat(join(project?.folder ?? '', 'none'))).size).to.equal(0);
    // The manifest and the two contents.
    expect(fetched).to.have.lengthOf(3);
    await release();
    expect(await laidOut()).to.deep.equal([]);
  });

  it('fetches of its next version only what changed', async () => {
    const options = await open();
    const older = await getProject(await blob.project(MACHINE, files), options, going);
    fetched.length = 0;
    const changed = randomBytes(2_100);
    const next = { ...files, 'tex/bark.png': changed };
    const newer = await getProject(await blob.project(MACHINE, next), options, going);
    expect(fetched).to.have.lengthOf(2);
    // Both lie there side by side.
    const barkOf = ({ input }: typeof older) =>
      readFile(join(input.project?.folder ?? '', 'tex/bark.png'));
    expect(await barkOf(older)).to.deep.equal(bark);
    expect(await barkOf(newer)).to.deep.equal(changed);
    await Promise.all([older.release(), newer.release()]);
  });

  it('keeps its files as long as it is laid out, and no longer', async () => {
    const options = await open(7_000);
    const { release } = await getProject(await blob.project(MACHINE, files), options, going);
    const other = await blob.project(MACHINE, { 'b.blend': randomBytes(4_000) });
    expect(await failureOf(getProject(other, options, going))).to.include({ reason: 'CACHE_FULL' });
    await release();
    await (await getProject(other, options, going)).release();
  });

  it('is not begun if the cache is too small for all of it', async () => {
    const project = await blob.project(MACHINE, files);
    const error = await failureOf(getProject(project, await open(4_500), going));
    expect(error).to.include({ reason: 'CACHE_FULL' });
    expect(fetched).to.deep.equal([project.blobName]);
  });

  it('leaves nothing behind if a file of it is lost', async () => {
    const project = await blob.project(MACHINE, files);
    const [lost = ''] = await blob.blobsOf(bark);
    await blob.remove(lost);
    const options = await open(7_000);
    const error = await failureOf(getProject(project, options, going));
    expect(error).to.include({ reason: 'BLOB_NOT_FOUND' });
    expect(await laidOut()).to.deep.equal([]);
    // Nothing is held either.
    await (
      await getProject(
        await blob.project(MACHINE, { 'b.blend': randomBytes(6_500) }),
        options,
        going,
      )
    ).release();
  });

  it('is unreadable if its manifest is none', async () => {
    const bytes = randomBytes(500);
    const blobName = await blob.upload(bytes);
    const scene: Scene = {
      blobName,
      sha256: hash('sha256', bytes),
      sizeBytes: bytes.length,
      grant: blob.grant(blobName, MACHINE),
      fileName: '',
    };
    const error = await failureOf(getProject(scene, await open(), going));
    expect(error).to.include({ reason: 'PROJECT_UNREADABLE' });
  });

  it('is copied where it cannot share the disk of the cache', async () => {
    const options = { ...(await open()), projectsDir: '/dev/shm/muster-project-spec' };
    const { input, release } = await getProject(await blob.project(MACHINE, files), options, going);
    expect(await readFile(input.file)).to.deep.equal(main);
    expect(((await stat(input.file)).mode & 0o777).toString(8)).to.equal('444');
    await release();
  });
});
