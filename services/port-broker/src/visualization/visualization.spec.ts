import { chmod, chown, mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { before, beforeEach, describe, it } from 'mocha';
import { SessionEndReason, SessionState } from '#libs/contracts/port.ts';
import { status } from '#libs/errors/index.ts';
import { eventually, needs, failureOf } from '#libs/testing/index.ts';
import {
  closed,
  listen,
  type BrokerOptions,
  type LocalBroker,
  type TestBroker,
  type Visualizations,
} from '../fixtures/broker.ts';
import { CASE_OWNER, makeCavity } from '../fixtures/case.ts';
import { opensPerTest } from '../fixtures/opened.ts';
import { treeUsage } from '#libs/programs/index.ts';
import { ownedBy } from '../fixtures/owned.ts';
import {
  sayConnectId,
  startParaviewClient,
  type ParaviewClient,
} from '../fixtures/paraview-client.ts';

const CELLS = 'r.GetDataInformation().GetNumberOfCells()';

const say = (client: ParaviewClient, connectId: number): Promise<string> =>
  client.run(sayConnectId(connectId));

/** Connects and opens the case, so that it is really read. */
const attach = async (
  client: ParaviewClient,
  { port, foamPath, connectId }: { port: number; foamPath: string; connectId: number },
): Promise<void> => {
  await say(client, connectId);
  await client.run(`Connect('127.0.0.1', ${port})`);
  await client.run(`globals().update(r=OpenFOAMReader(FileName='${foamPath}'))`);
  await client.run('r.UpdatePipeline()');
  expect(await client.run(CELLS)).to.equal('400');
};

/** Lets the server run Python. */
const run = async (client: ParaviewClient, python: string): Promise<void> => {
  await client.run(`globals().update(p=ProgrammableSource(Script=${JSON.stringify(python)}))`);
  await client.run('p.UpdatePipeline()');
};

describe('a ParaView server', function () {
  // Each test starts programs that take seconds of CPU time.
  this.timeout(120_000);
  before(needs('pvserver', 'pvpython', 'bwrap', 'socat', 'blockMesh'));
  const opened = opensPerTest();
  let dir: string;
  let broker: TestBroker;
  let operator: Visualizations;

  const settings = (env: Record<string, string> = {}, ports = 2): BrokerOptions => ({
    pools: (first) => `visualization=${first}-${first + ports - 1}`,
    env: { MUSTER_PORT_CASE_ROOTS: dir, ...env },
  });
  const talkTo = async <Broker extends TestBroker>(one: Broker): Promise<Broker> => {
    broker = one;
    operator = await one.visualizations('operator', 'olga');
    return one;
  };
  const open = async (env?: Record<string, string>, ports?: number): Promise<LocalBroker> =>
    talkTo(await opened.broker(settings(env, ports)));
  beforeEach(async () => {
    dir = await opened.folder();
  });
  const askFor = (folder: string) => ({
    source: { $case: 'case', value: folder } as const,
    wait: undefined,
    host: '',
  });
  const start = async (name: string) =>
    operator.startVisualization(askFor(await makeCavity(dir, name)));
  const client = (): ParaviewClient => opened.add(startParaviewClient());
  const isStartedAgain = (visualizationId: string): Promise<void> =>
    eventually(
      async () => {
        const { visualization } = await operator.getVisualization({ visualizationId });
        expect(visualization).to.include({ restarts: 1, state: SessionState.READY });
      },
      { withinMs: 60_000 },
    );

  it('is read by a real client, who leaves and comes back to the same URL', async () => {
    await open();
    const ask = askFor(await makeCavity(dir));
    const [one, two] = await Promise.all([
      operator.startVisualization(ask),
      operator.startVisualization(ask),
    ]);
    expect([one.reused, two.reused]).to.have.members([false, true]);
    expect(two.visualizationId).to.equal(one.visualizationId);
    expect(one.state).to.equal(SessionState.READY);
    expect(one.connectionString).to.equal(`cs://127.0.0.1:${one.port}?connect-id=${one.connectId}`);
    expect(one.paraviewVersion).to.match(/^5\.\d+/);
    expect(one.pvsc).to.include(`resource="cs://127.0.0.1:${one.port}"`);
    expect(one.pvsc).to.include(`<String default="${one.connectId}"/>`);
    for (let visit = 1; visit <= 2; visit += 1) {
      const visitor = client();
      await attach(visitor, one);
      await visitor.leave();
    }
    expect(await operator.startVisualization(ask)).to.include({ reused: true, port: one.port });
  });

  it('lets nobody in without its secret, and goes on for who has it', async () => {
    await open();
    const one = await start('a');
    const two = await start('b');
    expect(one.connectId).to.be.within(1, 2 ** 31 - 1);
    expect(two.connectId).to.not.equal(one.connectId);
    const stranger = client();
    for (const id of [0, two.connectId, one.connectId ^ 1]) {
      await say(stranger, id);
      expect(await stranger.run(`Connect('127.0.0.1', ${one.port}, timeout=0)`)).to.equal('None');
    }
    const { visualization } = await operator.getVisualization(one);
    expect(visualization).to.include({ restarts: 0, state: SessionState.READY });
    // ParaView's own client does not survive many refusals.
    await attach(client(), one);
  });

  it('tells its secret to its owner and to operators alone', async () => {
    await open();
    const one = await start('a');
    const ask = { host: '', includeEnded: true, pageSize: 0, pageToken: '' };
    const seenBy = async (role: 'operator' | 'service', name: string) => {
      const by = await broker.visualizations(role, name);
      const { visualizations } = await by.listVisualizations(ask);
      const { visualization } = await by.getVisualization(one);
      expect(visualizations[0]).to.include({ connectId: visualization?.connectId });
      return [visualization?.connectId, visualization?.connectionString];
    };
    expect(await seenBy('operator', 'otto')).to.deep.equal([one.connectId, one.connectionString]);
    expect(await seenBy('service', 'portal')).to.deep.equal([0, `cs://127.0.0.1:${one.port}`]);
    await operator.stopVisualization(one);
    expect((await seenBy('operator', 'olga'))[0]).to.equal(0);
  });

  it('keeps its client while the broker is killed and started again', async () => {
    const { service } = await talkTo(await opened.brokerProcess(settings()));
    const server = await start('a');
    const visitor = client();
    await attach(visitor, server);
    await service.kill('SIGKILL');
    await visitor.run('r.UpdatePipeline()');
    await service.restart();
    await talkTo(broker);
    expect(await visitor.run(CELLS)).to.equal('400');
    const { visualizations } = await operator.listVisualizations({
      host: '',
      includeEnded: false,
      pageSize: 0,
      pageToken: '',
    });
    expect(visualizations).to.have.length(1);
    expect(visualizations[0]).to.include({
      port: server.port,
      state: SessionState.READY,
      restarts: 0,
      clients: 1,
    });
    const next = client();
    await visitor.leave();
    // Until the next server is there, a connection may still reach the one that ends.
    await isStartedAgain(server.visualizationId);
    await attach(next, server);
  });

  it('shows a client neither the files nor the services of the host', async () => {
    await open();
    const secret = join(dir, 'secret.txt');
    await writeFile(secret, 'not for clients');
    const service = await listen(0);
    opened.defer(() => closed(service));
    const { port } = service.address() as { port: number };
    const server = await start('a');
    const visitor = client();
    await attach(visitor, server);
    const told = join(dir, 'a', 'told');
    const tries = [
      `open('/etc/passwd').read()`,
      `open('${secret}').read()`,
      `__import__('socket').create_connection(('127.0.0.1', ${port}), 2)`,
      `__import__('socket').create_connection(('127.0.0.1', ${server.port}), 2)`,
      `open('/told/minutes', 'w').write('x')`,
      `'fine'`,
    ];
    const script = [
      'import ast',
      `tries = ${JSON.stringify(tries)}`,
      'said = []',
      'for each in tries:',
      '    try: said.append(str(eval(each)))',
      "    except Exception as error: said.append('refused ' + type(error).__name__)",
      "open('/case/told', 'w').write(chr(10).join(said))",
    ].join('\n');
    await run(visitor, script);
    const said = (await readFile(told, 'utf8')).split('\n');
    expect(said.slice(0, -1).every((each) => each.startsWith('refused'))).to.equal(
      true,
      said.join(', '),
    );
    expect(said.at(-1)).to.equal('fine');
  });

  it('runs as the owner of its case, and with no more threads and memory than it may', async () => {
    await open({ MUSTER_PORT_VISUALIZATION_MEMORY: '1GiB' });
    const server = await start('a');
    const visitor = client();
    await attach(visitor, server);
    const script = `import os, threading, time
more = 0
try:
    while more < 10000:
        threading.Thread(target=time.sleep, args=(5,)).start()
        more += 1
except RuntimeError:
    pass
open('/case/told', 'w').write('%d %d' % (os.getuid(), more))`;
    await run(visitor, script);
    const [user, threads] = (await readFile(join(dir, 'a', 'told'), 'utf8')).split(' ').map(Number);
    expect(user).to.equal(process.getuid?.() === 0 ? CASE_OWNER : process.getuid?.());
    expect((await stat(join(dir, 'a', 'told'))).uid).to.equal(user);
    expect(threads).to.be.within(50, 5_000);
    const taking = run(visitor, "kept = b'x' * 2 * 1024**3\nimport time\ntime.sleep(600)");
    taking.catch(() => undefined);
    await isStartedAgain(server.visualizationId);
    const { visualization } = await operator.getVisualization(server);
    expect(visualization?.lastError).to.match(/^pvserver used \d+ MiB of memory, may use 1024 MiB/);
  });

  it('is refused for a case of root that nobody else may read, with what to do', async function () {
    if (process.getuid?.() !== 0) {
      this.skip();
    }
    await open();
    const folder = await makeCavity(dir);
    await chown(folder, 0, 0);
    await chmod(folder, 0o700);
    const refused = await failureOf(operator.startVisualization(askFor(folder)));
    expect(refused).to.include({ reason: 'CASE_NOT_READABLE' });
    expect(refused?.message).to.include('chmod -R a+rX');
  });

  it('leads nobody to a socket of the host, nor writes where a client puts a link', async () => {
    await open();
    const socket = join(dir, 'service');
    let wasReached = false;
    const service = createServer(() => {
      wasReached = true;
    }).listen(socket);
    await once(service, 'listening');
    opened.defer(() => closed(service));
    const server = await start('a');
    const visitor = client();
    await attach(visitor, server);
    const outside = join(dir, 'made-outside');
    const links = `import os
for path, to in (('/run-s/s', '${socket}'), ('/case/a.foam', '${outside}')):
    os.remove(path)
    os.symlink(to, path)`;
    await run(visitor, links);
    expect(await readlink(join(dir, 'a', 'a.foam'))).to.equal(outside);
    const probe = connect({ port: server.port, host: '127.0.0.1' });
    probe.on('error', () => undefined);
    await once(probe, 'connect');
    await visitor.leave();
    await isStartedAgain(server.visualizationId);
    probe.destroy();
    expect(wasReached).to.equal(false);
    expect(await stat(outside).catch(() => 'nothing')).to.equal('nothing');
  });

  it('survives junk on its port', async () => {
    await open();
    const server = await start('a');
    const visitor = client();
    for (let probe = 0; probe < 120; probe += 1) {
      const socket = connect({ port: server.port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.end('GET / HTTP/1.0\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
    }
    await attach(visitor, server);
  });

  it('is one of as many as there are ports: who comes then is told what ends next, or waits for it', async () => {
    await open({}, 1);
    const first = await start('a');
    const folder = await makeCavity(dir, 'b');
    const refused = await failureOf(operator.startVisualization(askFor(folder)));
    expect(refused).to.include({ code: status.RESOURCE_EXHAUSTED, reason: 'PORT_POOL_EXHAUSTED' });
    expect(refused?.message).to.include(first.visualizationId);
    const waiting = operator.startVisualization({
      ...askFor(folder),
      wait: { seconds: 30, nanos: 0 },
    });
    await eventually(async () => {
      const { pools } = await (
        await broker.as('operator', 'olga')
      ).getPoolStatus({ host: '', pool: 'visualization' });
      expect(pools[0]?.waiting).to.equal(1);
    });
    await operator.stopVisualization({ visualizationId: first.visualizationId });
    expect(await waiting).to.include({
      reused: false,
      port: first.port,
      state: SessionState.READY,
    });
  });

  it('is one of six, each on a port of its own, when two hundred are asked for at the same moment', async () => {
    await open({}, 6);
    const folders = Array.from({ length: 200 }, (_, n) => join(dir, `case-${n}`));
    for (const folder of folders) {
      await mkdir(join(folder, 'system'), { recursive: true });
      await writeFile(join(folder, 'system/controlDict'), '');
    }
    const calls = folders.map((folder) =>
      operator.startVisualization(askFor(folder), { deadlineMs: 50_000 }),
    );
    const answers = await Promise.allSettled(calls);
    const started = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value] : [],
    );
    const refused = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    );
    expect(started).to.have.length(6);
    expect(new Set(started.map(({ port }) => port)).size).to.equal(6);
    for (const each of refused) {
      expect(each).to.include({ reason: 'PORT_POOL_EXHAUSTED' });
    }
    expect(ownedBy(dir).length).to.be.greaterThan(5);
  });

  it('ends when nobody uses it, also with a client that only stays connected, and never while it works', async () => {
    const { clock } = await open({ MUSTER_PORT_VISUALIZATION_IDLE: '60s' }, 3);
    const [unused, attached, busy] = [await start('a'), await start('b'), await start('c')];
    const worker = client();
    await Promise.all([attach(client(), attached), attach(worker, busy)]);
    const script = "import os\nwhile not os.path.exists('/case/done'): pass";
    await worker.run(`globals().update(p=ProgrammableSource(Script=${JSON.stringify(script)}))`);
    const working = worker.run('p.UpdatePipeline()');
    const busyTicks = async (): Promise<number> => {
      const pids = ownedBy(join(broker.dataDir, 'sessions', busy.visualizationId));
      return Math.max(
        ...(await Promise.all(pids.map(async (pid) => (await treeUsage(pid)).cpuTicks))),
      );
    };
    // A minute passes in steps, and the busy server works for a moment in each, however slow the machine is.
    for (let seconds = 0; seconds <= 60; seconds += 6) {
      const before_ = await busyTicks();
      await eventually(async () => expect(await busyTicks()).to.be.greaterThan(before_ + 40), {
        withinMs: 20_000,
      });
      clock.skip(6_000);
    }
    for (const { visualizationId } of [unused, attached]) {
      await eventually(
        async () => {
          const { visualization } = await operator.getVisualization({ visualizationId });
          expect(visualization?.endReason).to.equal(SessionEndReason.IDLE);
        },
        { withinMs: 60_000 },
      );
    }
    const now = { host: '', idleFor: { seconds: 0, nanos: 0 } };
    expect((await operator.cleanupIdle(now)).ended).to.deep.equal([]);
    await writeFile(join(dir, 'c', 'done'), '');
    await working;
    const { visualization } = await operator.getVisualization({
      visualizationId: busy.visualizationId,
    });
    expect(visualization).to.include({ state: SessionState.READY, clients: 1 });
    await eventually(async () => {
      const { ended } = await operator.cleanupIdle(now);
      expect(ended.map(({ visualizationId }) => visualizationId)).to.deep.equal([
        busy.visualizationId,
      ]);
    });
  });

  it('is refused for what is no case, lies elsewhere, or is asked for by a customer, and leaves nothing where it fails', async () => {
    await open({ MUSTER_PORT_PVSERVER: '/usr/bin/false' });
    const ann = await broker.visualizations('customer', 'ann');
    const folder = await makeCavity(dir);
    const reasons = await Promise.all(
      [
        operator.startVisualization(askFor('/etc')),
        operator.startVisualization(askFor(`${folder}/../../..`)),
        operator.startVisualization(askFor(`${folder}/system`)),
        operator.startVisualization(askFor('cavity')),
        ann.startVisualization(askFor(folder)),
        operator.startVisualization({ source: undefined, wait: undefined, host: '' }),
      ].map(async (call) => (await failureOf(call))?.reason),
    );
    expect(reasons).to.deep.equal([
      'CASE_NOT_FOUND',
      'CASE_NOT_FOUND',
      'NOT_A_CASE',
      'INVALID_FIELDS',
      'OPERATOR_ONLY',
      'INVALID_FIELDS',
    ]);
    expect(await failureOf(operator.startVisualization(askFor(folder)))).to.include({
      reason: 'PROGRAM_EXITED',
    });
    expect(ownedBy(dir)).to.deep.equal([]);
    const { pools } = await (
      await broker.as('operator', 'olga')
    ).getPoolStatus({ host: '', pool: '' });
    expect(pools[0]).to.include({ leased: 0, free: 2 });
  });

  for (const step of [
    'visualization-starting',
    'lease-granted',
    'process-noted',
    'process-started',
    'visualization-ready',
    'visualization-stopping',
    'lease-settled',
    'visualization-ended',
  ]) {
    it(`is not lost nor left behind when the broker is killed behind the step ${step}`, async () => {
      const [place, folder] = await Promise.all([opened.place(settings()), makeCavity(dir)]);
      await opened.killBehind(step, place, async (failing) => {
        const caller = await failing.visualizations('operator', 'olga');
        const { visualizationId } = await caller.startVisualization(askFor(folder));
        await caller.stopVisualization({ visualizationId });
      });
      const visitor = client();
      await talkTo(await opened.broker(place));
      const server = await operator.startVisualization(askFor(folder));
      await attach(visitor, server);
      const { visualizations } = await operator.listVisualizations({
        host: '',
        includeEnded: false,
        pageSize: 0,
        pageToken: '',
      });
      expect(visualizations.map(({ visualizationId }) => visualizationId)).to.deep.equal([
        server.visualizationId,
      ]);
      const { pools } = await (
        await broker.as('operator', 'olga')
      ).getPoolStatus({ host: '', pool: '' });
      expect(pools[0]).to.include({ leased: 1, quarantined: 0, foreign: 0 });
    });
  }
});
