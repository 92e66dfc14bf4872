import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { Work } from '#libs/contracts/agent.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import {
  commandLines,
  eventually,
  isAlive,
  needs,
  startService,
  tempDir,
  type TempDir,
  renderSpec,
} from '#libs/testing/index.ts';
import { sha256File } from './files.ts';
import { type BlobFixture, startBlobService } from './fixtures/blob.ts';
import { attempts, noopWork, type Peer, startPeer, tokenFor } from './fixtures/peer.ts';

const run = promisify(execFile);

describe('the agent as a process', function () {
  this.timeout(60_000);
  let dir: TempDir;
  let peer: Peer;

  before(async () => {
    dir = await tempDir();
  });
  after(() => dir?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    peer = await startPeer();
  });
  afterEach(() => peer?.[Symbol.asyncDispose]());

  const start = (env: Record<string, string> = {}) =>
    startService({
      name: 'compute-agent',
      env: {
        MUSTER_TOKEN: tokenFor('m-1'),
        MUSTER_USER_ENDPOINT: peer.address,
        MUSTER_BLOB_ENDPOINT: '127.0.0.1:9',
        MUSTER_AGENT_ENGINES: 'noop',
        MUSTER_AGENT_CACHE: dir.path,
        ...env,
      },
    });

  it('says goodbye on SIGTERM and ends with 0', async () => {
    await using agent = await start();
    const stream = await peer.stream(0);
    // Long enough for the announcement that the first one has begun.
    stream.desire({ ...noopWork({ durationMs: 2_000 }), attempts: attempts(0, 3) });
    stream.decideAll('VERDICT_ACCEPTED');
    await eventually(() => expect(stream.reports()).to.have.length(1));
    expect(await agent.stop()).to.equal(0);
    expect(stream.heard.map(({ $case }) => $case)).to.deep.equal(['reports', 'reports', 'goodbye']);
    expect(await readFile(agent.logFile, 'utf8')).not.to.contain(tokenFor('m-1'));
  });

  it('ends with 1 and says why when another agent takes its place', async () => {
    await using agent = await start();
    const stream = await peer.stream(0);
    stream.say({ $case: 'superseded', value: {} });
    stream.fail(new DomainError(status.ABORTED, 'SUPERSEDED', 'for a test'));
    await eventually(async () =>
      expect(await readFile(agent.logFile, 'utf8')).to.contain(
        'another agent connected as this machine',
      ),
    );
    await eventually(() => expect(isAlive(agent.pid)).to.equal(false));
    expect(await agent.stop()).to.equal(1);
    expect(peer.streams).to.have.length(1);
  });

  it('refuses to start in the folder of another agent, and says what to do', async () => {
    await using _first = await start();
    const refused = await start().then(
      () => 'started',
      (error: unknown) => String(error),
    );
    expect(refused).to.contain('another agent works in').and.to.contain('MUSTER_AGENT_OUTBOX');
  });

  it('lets no other user of the machine into its folders, also into those of an older agent', async () => {
    const [cache, outbox] = [join(dir.path, 'cache'), join(dir.path, 'kept', 'outbox')];
    await mkdir(cache);
    await chmod(cache, 0o755);
    await using _agent = await start({ MUSTER_AGENT_CACHE: cache, MUSTER_AGENT_OUTBOX: outbox });
    for (const folder of [cache, outbox]) {
      expect(((await stat(folder)).mode & 0o777).toString(8)).to.equal('700');
    }
  });

  it('starts without a mesh, and connects when the mesh comes', async () => {
    const port = Number(peer.address.split(':').at(-1));
    await peer.stop();
    await using _agent = await start();
    peer = await startPeer({ port });
    await peer.stream(0);
  });

  describe('with Blender', () => {
    let blob: BlobFixture;
    let work: { work: Work };

    before(needs('blender', 'bwrap'));
    before(async () => {
      const script = new URL('./engines/blender/testing/scenes.py', import.meta.url).pathname;
      await run('blender', [
        '--background',
        '--factory-startup',
        '--python',
        script,
        '--',
        dir.path,
        'slow',
      ]);
      blob = await startBlobService();
      const file = join(dir.path, 'slow.blend');
      const bytes = await readFile(file);
      const blobName = await blob.upload(bytes);
      const scene = {
        blobName,
        sha256: await sha256File(file),
        sizeBytes: bytes.length,
        grant: blob.grant(blobName, 'm-1'),
        fileName: '',
      };
      const spec = renderSpec({ frames: '1-12', engine: 'CYCLES' });
      work = {
        work: {
          kind: {
            $case: 'render',
            value: {
              spec,
              scene,
              project: undefined,
              version: '',
              stepwiseSpec: undefined,
              lastFrame: 0,
            },
          },
          customerId: '',
        },
      };
    });
    after(() => blob?.[Symbol.asyncDispose]());

    /** The command lines of processes that name this test's folder. */
    const renderers = async (): Promise<string[]> =>
      [...(await commandLines()).values()].filter((line) =>
        line.includes(join(dir.path, 'agents')),
      );

    for (const sandbox of ['in bubblewrap', 'without a sandbox']) {
      it(`leaves no renderer behind when it is killed, ${sandbox}`, async () => {
        await using agent = await start({
          MUSTER_TOKEN: await blob.agentToken('m-1'),
          MUSTER_BLOB_ENDPOINT: blob.endpoint,
          MUSTER_AGENT_ENGINES: 'CYCLES',
          ...(sandbox === 'in bubblewrap' ? {} : { MUSTER_AGENT_NO_SANDBOX: '1' }),
        });
        const stream = await peer.stream(0);
        const frames = attempts(1, 3).map((each, i) => ({ ...each, task: `frames/${i + 1}` }));
        stream.desire({ ...work, attempts: frames });
        await eventually(
          () => expect(stream.reports().map(({ body }) => body?.$case)).to.include('started'),
          {
            withinMs: 30_000,
          },
        );
        expect(await renderers()).not.to.have.length(0);
        await agent.kill('SIGKILL');
        await eventually(async () => expect(await renderers()).to.deep.equal([]), {
          withinMs: 2_000,
        });
      });
    }

    it('stops a frame within a second when it is no longer wanted', async () => {
      await using _agent = await start({
        MUSTER_TOKEN: await blob.agentToken('m-1'),
        MUSTER_BLOB_ENDPOINT: blob.endpoint,
        MUSTER_AGENT_ENGINES: 'CYCLES',
      });
      const stream = await peer.stream(0);
      stream.desire({ ...work, attempts: [{ ...attempts(1)[0]!, task: 'frames/1' }] });
      await eventually(
        () => expect(stream.reports().map(({ body }) => body?.$case)).to.include('started'),
        {
          withinMs: 30_000,
        },
      );
      stream.desire({ attempts: [] });
      await eventually(async () => expect(await renderers()).to.deep.equal([]), {
        withinMs: 1_000,
      });
    });
  });
});
