import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import sharp from 'sharp';
import type { Attempt } from '#libs/contracts/common.ts';
import { buildHead, SHAPES } from '#libs/blend/fixtures/head.ts';
import { systemRandom } from '#libs/random/index.ts';
import { errorOf, eventually, renderSpec } from '#libs/testing/index.ts';
import { pixelHashOf } from '../harness/blender.ts';
import { handAgent, type HandAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from '../harness/mesh.ts';
import { uploadObject, uploadResult } from '../harness/uploads.ts';
import { ended, resultsOf, start } from '../harness/work.ts';

const engines = [{ name: 'CYCLES', version: '3.4.1', devices: [] }];
const TASKS = 12;

describe('a machine that delivers other pictures than the scene’s', function () {
  this.timeout(90_000);
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh();
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  /** Delivers a picture of one colour. */
  const deliver = async (
    agent: HandAgent,
    workload: string,
    attempt: Attempt,
    colour: { r: number; g: number; b: number },
  ): Promise<void> => {
    const create = { width: 8, height: 8, channels: 3, background: colour } as const;
    const bytes = await sharp({ create }).png().toBuffer();
    const by = { token: agent.token, workload, attempt };
    const { receipt, sha256 } = await uploadResult(mesh, by, bytes, 'png');
    const pixelHash = await pixelHashOf(bytes);
    await agent.complete(attempt, { workload, receipt, sha256, pixelHash });
  };

  /** Does whatever the agent gets. All that work honestly make the same of a frame. */
  const workHonestly = async (
    agent: HandAgent,
    workload: string,
    isOver: () => boolean,
  ): Promise<void> => {
    const done = new Set<string>();
    for (;;) {
      const next = await agent.until(
        () => isOver() || agent.work().attempts.find(({ attempt }) => !done.has(attempt)),
        600_000,
      );
      if (next === true) {
        return;
      }
      done.add(next.attempt);
      const frame = Number(next.task.slice('frames/'.length));
      await deliver(agent, workload, next, { r: 20 * frame, g: 0, b: 90 });
    }
  };

  it('is caught by two others, barred and named, and all that it made is made again', async () => {
    const acme = await mesh.customer(systemRandom.id('acme'));
    const scene = buildHead(SHAPES['3.4, 64 bit']);
    const objectId = await uploadObject(acme, 'film.blend', scene);
    const spec = renderSpec({ frames: `0-${TASKS - 1}`, engine: 'CYCLES' });
    const id = await start(acme, { render: spec }, { objectId });
    const liar = await handAgent(mesh, 'mallory', TASKS, engines);
    const attempts = await liar.until(() => {
      const held = liar.work().attempts;
      return held.length === TASKS ? held : undefined;
    });
    using ann = await handAgent(mesh, 'ann', 2, engines);
    using bob = await handAgent(mesh, 'bob', 2, engines);
    await ann.until(() => ann.work().workload === id && bob.work().workload === id);
    // With so many lies at once, one of them is looked at twice, whatever chance says.
    for (const [i, attempt] of attempts.entries()) {
      await deliver(liar, id, attempt, { r: 20 * i, g: 255, b: 0 });
    }
    liar[Symbol.dispose]();
    let isOver = false;
    for (const agent of [ann, bob]) {
      void workHonestly(agent, id, () => isOver).catch(() => undefined);
    }

    const over = await ended(acme, id);
    isOver = true;
    expect(over).to.include({ state: 'WORKLOAD_STATE_COMPLETED', verified: TASKS });
    const makers = new Set((await resultsOf(acme, id)).map(({ userName }) => userName));
    expect([...makers]).not.to.include('mallory');
    const [refused] = over.refusedResults;
    expect(refused).to.include({ userId: liar.machine, userName: 'mallory' });
    expect(refused?.reason).to.match(/^2 others made frames\/\d+ again and agree/);

    await eventually(async () => {
      const { machines } = await mesh.operator.machines.listMachines({
        pageSize: 0,
        pageToken: '',
      });
      const found = machines.find(({ machineId }) => machineId === liar.machine);
      expect(found).to.include({ status: 'MACHINE_STATUS_BARRED', goodLooks: 0 });
      expect(found?.barredReason).to.include('agree on another picture');
      const others = machines.filter(({ machineId }) => machineId !== liar.machine);
      expect(others.every(({ goodLooks }) => goodLooks > 0)).to.equal(true);
    });
    expect(await errorOf(handAgent(mesh, liar, 1, engines))).to.include({
      reason: 'MACHINE_BARRED',
    });
  });
});
