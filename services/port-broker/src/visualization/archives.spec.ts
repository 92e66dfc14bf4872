import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { packArchive } from '#libs/archive/fixtures/pack.ts';
import { SessionState } from '#libs/contracts/port.ts';
import { statOf } from '#libs/programs/index.ts';
import {
  answersMeanwhile,
  commandLines,
  eventually,
  failureOf,
  needs,
  tempDir,
} from '#libs/testing/index.ts';
import {
  preparePlace,
  startBrokerProcess,
  type BrokerProcess,
  type Ports,
  type Visualizations,
} from '../fixtures/broker.ts';
import { startBlobFor } from '../fixtures/blob.ts';
import { sayConnectId, startParaviewClient } from '../fixtures/paraview-client.ts';

const MIB = 1024 ** 2;

describe('an archive that a customer hands in', function () {
  this.timeout(120_000);
  before(needs('pvserver', 'pvpython', 'bwrap', 'socat'));
  const opened = new AsyncDisposableStack();
  let dir: string;
  let broker: BrokerProcess;
  let mallory: Visualizations;
  let ann: Ports;
  let objectOf: (kind: string) => Promise<string>;

  before(async () => {
    dir = opened.use(await tempDir()).path;
    const pools = (first: number) => `visualization=${first}-${first + 1}`;
    const place = opened.use(await preparePlace({ pools }));
    const blob = opened.use(await startBlobFor(place));
    const env = { ...place.env, ...blob.env, MUSTER_PORT_SESSION_DISK: '100MiB' };
    broker = opened.use(await startBrokerProcess({ ...place, env }));
    mallory = await broker.visualizations('customer', 'mallory');
    ann = await broker.as('customer', 'ann');
    objectOf = async (kind) => blob.objectOf('mallory', await packArchive(dir, kind));
  });
  after(() => opened.disposeAsync());

  const start = (value: string, signal?: AbortSignal) =>
    mallory.startVisualization(
      { source: { $case: 'simulation', value }, wait: undefined, host: '' },
      { deadlineMs: 100_000, signal },
    );
  const free = async (): Promise<number | undefined> =>
    (await ann.getPoolStatus({ host: '', pool: 'visualization' })).pools[0]?.free;
  const residentBytes = (): number => statOf(broker.service.pid)?.residentBytes ?? 0;

  for (const [kind, why] of Object.entries({
    'gz-bomb': 'times its own size',
    'gz-head-bomb': 'a name or a head of more than',
    'zip-overlap': 'share their bytes',
  })) {
    it(`is refused without the broker's memory, while others are answered: ${kind}`, async () => {
      const object = await objectOf(kind);
      await free();
      const before_ = residentBytes();
      let most = 0;
      const call = async () => {
        await free();
        most = Math.max(most, residentBytes());
      };
      await answersMeanwhile(call, async () => {
        const refused = await failureOf(start(object));
        expect(refused).to.include({ reason: 'ARCHIVE_UNFIT' });
        expect(refused?.message).to.include(why);
      });
      expect(most - before_).to.be.below(100 * MIB);
      expect(await readdir(join(broker.dataDir, 'sessions'))).to.deep.equal([]);
      expect(await free()).to.equal(2);
    });
  }

  it('is unpacked no further when its caller has left', async () => {
    const object = await objectOf('gz-entries');
    const leaving = new AbortController();
    const left = start(object, leaving.signal).catch(String);
    const unpacking = async (): Promise<string[]> =>
      [...(await commandLines()).values()].filter(
        (line) => line.includes(broker.dataDir) && line.includes('archive/child.ts'),
      );
    await eventually(async () => expect(await unpacking()).to.not.deep.equal([]), {
      withinMs: 60_000,
    });
    leaving.abort();
    await left;
    const sessions = () => readdir(join(broker.dataDir, 'sessions'));
    const nothing = { processes: [], folders: [], free: 2 };
    await eventually(
      async () => {
        const found = {
          processes: await unpacking(),
          folders: await sessions(),
          free: await free(),
        };
        expect(found).to.deep.equal(nothing);
      },
      { withinMs: 60_000 },
    );
  });

  for (const folder of ['/case', '/run-s']) {
    it(`has a server that writes no more than it may: ${folder}`, async () => {
      const server = await start(await objectOf('gz'));
      await using visitor = startParaviewClient();
      await visitor.run(sayConnectId(server.connectId));
      await visitor.run(`Connect('127.0.0.1', ${server.port})`);
      const script = `import time
with open('${folder}/fill', 'wb') as file:
    for _ in range(200): file.write(bytes(1024**2))
time.sleep(100)`;
      const source = `globals().update(p=ProgrammableSource(Script=${JSON.stringify(script)}))`;
      await visitor.run(source);
      visitor.run('p.UpdatePipeline()').catch(() => undefined);
      await eventually(
        async () => {
          const { visualization } = await mallory.getVisualization(server);
          expect(visualization?.state).to.equal(SessionState.ENDED);
          expect(visualization?.lastError).to.match(
            /^pvserver wrote more than 100 MiB to its work folder/,
          );
        },
        { withinMs: 60_000 },
      );
      expect(await readdir(join(broker.dataDir, 'sessions'))).to.deep.equal([]);
    });
  }
});
