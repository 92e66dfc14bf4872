import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { familyOf } from '#libs/engines/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { tempDir, testLog } from '#libs/testing/index.ts';
import { readConfig } from '../config.ts';
import { families, workKinds } from './families.ts';
import { type EnginesHere, findEngines } from './find-engines.ts';

const find = async (env: Record<string, string>): Promise<EnginesHere> => {
  await using dir = await tempDir();
  const config = readConfig({
    MUSTER_TOKEN: 'aa.bb.cc',
    MUSTER_USER_ENDPOINT: '127.0.0.1:9',
    MUSTER_BLOB_ENDPOINT: '127.0.0.1:9',
    MUSTER_AGENT_CACHE: dir.path,
    MUSTER_AGENT_NO_SANDBOX: '1',
    PATH: dir.path,
    ...env,
  });
  const around = { folder: dir.path, clock: systemClock, random: systemRandom, logger: testLog };
  return await findEngines(config, around, new AbortController().signal);
};

describe('findEngines', () => {
  it('tells what the machine has, divided among its slots', async () => {
    const { capability, engines } = await find({ MUSTER_AGENT_ENGINES: 'noop' });
    expect(capability).to.deep.include({
      cpus: availableParallelism(),
      sandbox: 'SANDBOX_LEVEL_NONE',
      engines: [{ name: 'noop', version: '1', devices: [] }],
    });
    expect(capability.memoryBytes).to.be.within(128 * 1024 ** 2, 2 ** 50);
    expect(Object.keys(engines)).to.deep.equal(['noop']);
    const share = await find({ MUSTER_AGENT_ENGINES: 'noop', MUSTER_AGENT_MEMORY: '256MiB' });
    expect(share.capability.memoryBytes).to.equal(256 * 1024 ** 2);
    const halves = await find({ MUSTER_AGENT_ENGINES: 'noop', MUSTER_AGENT_SLOTS: '2' });
    expect(halves.capability.memoryBytes).to.equal(Math.floor(capability.memoryBytes / 2));
  });

  it('refuses to start if nothing works, and offers what works', async () => {
    const refused: unknown = await find({}).catch((thrown: unknown) => thrown);
    expect(refused).to.include({ reason: 'NO_ENGINE' });
    expect(refused).to.have.property('message').that.includes('--blender PATH');
    const { capability } = await find({ MUSTER_AGENT_ENGINES: 'CYCLES,noop' });
    expect(capability.engines.map(({ name }) => name)).to.deep.equal(['noop']);
  });
});

describe('the table of engine families', () => {
  it('assigns engines to the same families as the rest of the mesh', () => {
    for (const { name, engines } of workKinds.map((kind) => families[kind])) {
      for (const engine of engines) {
        expect(familyOf(engine), engine).to.equal(name);
      }
    }
  });
});
