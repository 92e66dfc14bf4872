import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import sharp from 'sharp';
import type { Attempt } from '#libs/contracts/common.ts';
import type { Workload } from '#libs/contracts/session.ts';
import { systemRandom } from '#libs/random/index.ts';
import { eventually, needs, renderSpec, tempDir, type TempDir } from '#libs/testing/index.ts';
import { pixelHashOf, writeScenes } from '../harness/blender.ts';
import type { Clients } from '../harness/clients.ts';
import { handAgent, type HandAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { uploadObject, uploadResult } from '../harness/uploads.ts';
import { ended, named, resultsOf, start } from '../harness/work.ts';

const run = promisify(execFile);

/** A picture of one colour, as a PNG. */
const picture = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 4, background: 'red' } })
    .png()
    .toBuffer();

describe('a frame that was accepted', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let mesh: Mesh;
  let scene: Buffer;
  /** The version of this machine's Blender. */
  let version: string;

  before(needs('blender', 'bwrap'));
  before(async () => {
    dir = await tempDir();
    ({ animated: scene } = await writeScenes(dir.path));
    const { stdout } = await run('blender', ['--version']);
    [, version = ''] = /^Blender (\S+)/m.exec(stdout) ?? [];
    mesh = await startMesh();
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await dir?.[Symbol.asyncDispose]();
  });

  /** Stores a file as the frame of an attempt, and answers how to report it, as an agent does. */
  const store = async (
    agent: HandAgent,
    workload: string,
    attempt: Attempt,
    bytes: Buffer,
    pixelHash: string,
  ): Promise<() => Promise<void>> => {
    const by = { token: agent.token, workload, attempt };
    const { receipt, sha256 } = await uploadResult(mesh, by, bytes, 'png');
    return async () => {
      const outcome = await agent.complete(attempt, { workload, receipt, sha256, pixelHash });
      expect(outcome.verdict).to.equal('VERDICT_ACCEPTED');
    };
  };

  const about = async (acme: Clients, id: string): Promise<Workload> =>
    (await acme.workloads.getWorkload(named(id))).workload!;

  it('counts only once the mesh has looked at it itself: lies are made again by another machine', async () => {
    const acme = await mesh.customer(systemRandom.id('acme'));
    const objectId = await uploadObject(acme, 'animated.blend', scene);
    const spec = { render: renderSpec({ frames: '1-3', engine: 'CYCLES' }) };
    const engines = [{ name: 'CYCLES', version, devices: [] }];
    using liar = await handAgent(mesh, 'mallory', 3, engines);
    const id = await start(acme, spec, { objectId });
    const attempts = await liar.until(() => {
      const held = liar.work().attempts;
      return held.length === 3 ? held : undefined;
    });

    const [text, wrong, small] = [randomBytes(1_040), await picture(96, 64), await picture(48, 32)];
    const stored = [
      await store(liar, id, attempts[0]!, text, 'ab'.repeat(32)),
      await store(liar, id, attempts[1]!, wrong, 'cd'.repeat(32)),
      await store(liar, id, attempts[2]!, small, await pixelHashOf(small)),
    ];
    // Together, because its stream ends with the first that is found.
    await Promise.all(stored.map((report) => report()));

    await eventually(
      async () => {
        const [refused] = (await about(acme, id)).refusedResults;
        expect(refused).to.include({ userName: 'mallory', results: 3 });
      },
      { withinMs: 20_000 },
    );
    // The picture of another size is just what it reported.
    await eventually(async () => {
      const { machine } = await mesh.operator.machines.getMachine({ machineId: liar.machine });
      expect(machine).to.include({ contradictions: 2, barredReason: '' });
    });
    const { state, completed, verified } = await about(acme, id);
    expect([state, completed, verified]).to.deep.equal(['WORKLOAD_STATE_RUNNING', 0, 0]);
    expect(await resultsOf(acme, id)).to.deep.equal([]);
    const { attempts: ledger } = await acme.workloads.listAttempts({
      ...named(id),
      pageSize: 0,
      pageToken: '',
    });
    const withdrawn = ledger.filter(({ end }) => end === 'ATTEMPT_END_WITHDRAWN');
    expect(withdrawn.map(({ reason }) => reason)).to.have.members([
      'the picture does not decode: it is no png file',
      `the picture has the pixel hash ${(await pixelHashOf(wrong)).slice(0, 12)}…, not cdcdcdcdcdcd… as reported`,
      'the picture is 48×32 pixels, not 96×64',
    ]);
    const { reasons } = await acme.workloads.explainWorkload(named(id));
    expect(reasons.map(({ code }) => code)).to.include('RESULTS_REFUSED');

    const honest = await mesh.agent('honest', { engines: 'CYCLES' });
    const over = await ended(acme, id);
    expect(over).to.include({ state: 'WORKLOAD_STATE_COMPLETED', completed: 3, verified: 3 });
    const results = await resultsOf(acme, id);
    expect(
      results.map(({ userName, verified: isVerified }) => [userName, isVerified]),
    ).to.deep.equal(Array.from({ length: 3 }, () => ['honest', true]));
    await honest.kill('SIGTERM');
  });

  it('waits for the check while blob is away, says so, and then ends the workload', async () => {
    const acme = await mesh.customer(systemRandom.id('acme'));
    const objectId = await uploadObject(acme, 'animated.blend', scene);
    using agent = await handAgent(mesh, 'fine', 1, [{ name: 'CYCLES', version, devices: [] }]);
    const spec = { render: renderSpec({ frames: '1', engine: 'CYCLES' }) };
    const id = await start(acme, spec, { objectId });
    const attempt = await agent.attempt(id);
    const bytes = await picture(96, 64);
    const by = { token: agent.token, workload: id, attempt };
    const { receipt, sha256 } = await uploadResult(mesh, by, bytes, 'png');
    await mesh.services.blob.kill('SIGKILL');
    const pixelHash = await pixelHashOf(bytes);
    const outcome = await agent.complete(attempt, { workload: id, receipt, sha256, pixelHash });
    expect(outcome.verdict).to.equal('VERDICT_ACCEPTED');
    await eventually(
      async () => {
        const { reasons } = await acme.workloads.explainWorkload(named(id));
        expect(reasons.map(({ code }) => code)).to.include('DEPENDENCY_UNAVAILABLE');
      },
      { withinMs: 20_000 },
    );
    const waiting = await about(acme, id);
    expect(waiting).to.include({ state: 'WORKLOAD_STATE_RUNNING', completed: 1, verified: 0 });
    await mesh.services.blob.restart();
    const over = await ended(acme, id);
    expect(over).to.include({ state: 'WORKLOAD_STATE_COMPLETED', verified: 1 });
  });
});
