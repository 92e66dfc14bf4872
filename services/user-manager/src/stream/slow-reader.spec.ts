import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { AgentServiceService, type ConnectRequest } from '#libs/contracts/agent.ts';
import { createClient } from '#libs/grpc/index.ts';
import { eventually } from '#libs/testing/index.ts';
import { attemptOf, completedOf, connectAgent, helloOf, holding } from '../fixtures/agent.ts';
import { startMesh } from '../fixtures/mesh.ts';
import { refusal } from '../fixtures/refusal.ts';
import { openSession } from '../fixtures/session.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The memory in use after everything under way has arrived. */
const retainedBytes = async (): Promise<number> => {
  for (let i = 0; i < 3; i += 1) {
    await sleep(20);
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const BATCHES = 2;

const attempt = attemptOf('noop/0', '0-1');

describe('an agent that stops reading', () => {
  it('costs at most 10 MB, and its stream is ended with READER_TOO_SLOW', async () => {
    await using mesh = await startMesh();
    let decided = 0;
    await using _ = await openSession(mesh.bus, {
      workload: 'w-flood',
      decide: ({ reports }) => {
        decided += reports.length;
        return reports.map(({ reportId }) => ({
          reportId,
          verdict: 'VERDICT_SETTLED',
          reason: 'x'.repeat(300),
        }));
      },
      keepReports: false,
    });
    const reports = Array.from({ length: 1_000 }, () => completedOf(1, 'w-flood', attempt));
    const flood = async (
      say: (message: ConnectRequest['message']) => Promise<void>,
    ): Promise<void> => {
      const before = decided;
      for (let i = 0; i < BATCHES; i += 1) {
        await say({ $case: 'reports', value: { reports } });
      }
      await eventually(() => expect(decided).to.equal(before + 1_000 * BATCHES));
    };
    const { users } = await mesh.clients('operator');
    const isConnected = async (): Promise<boolean> =>
      (await users.listUsers({ workloadId: '', pageSize: 0, pageToken: '' })).users.length === 1;
    const { token } = await mesh.enrol('deaf');
    using client = createClient(AgentServiceService, { target: mesh.address, token });
    const call = client.connect();
    await call.send({ message: { $case: 'hello', value: helloOf(holding('w-flood')) } });
    await eventually(async () => expect(await isConnected()).to.equal(true));
    // Excludes the cost of reports that are being decided.
    await flood((message) => call.send({ message }));
    const before = await retainedBytes();
    const costs: number[] = [];
    while (await isConnected()) {
      costs.push((await retainedBytes()) - before);
      await flood((message) => call.send({ message })).catch(() => undefined);
    }
    expect(costs.length).to.be.above(5);
    expect(Math.max(...costs) / 1e6).to.be.below(10);
    // An agent that reads on in time hears why.
    const ended = refusal(async () => {
      for await (const _response of call.responses) {
      }
    });
    expect(await ended).to.equal('RESOURCE_EXHAUSTED READER_TOO_SLOW');
  }).timeout(40_000);
});

describe('idle agents', () => {
  it('cost at most 100 KB each, at the manager and the agent together', async () => {
    await using mesh = await startMesh();
    const agents = await Promise.all(
      Array.from({ length: 220 }, (_, i) => mesh.enrol(`agent-${i}`)),
    );
    const connect = (from: number, to: number) =>
      Promise.all(
        agents.slice(from, to).map((agent) => connectAgent({ target: mesh.address, ...agent })),
      );
    // The first agents pay for what is created once.
    const open = await connect(0, 20);
    const before = await retainedBytes();
    open.push(...(await connect(20, 220)));
    const { users } = await mesh.clients('operator');
    const listed = await users.listUsers({ workloadId: '', pageSize: 1_000, pageToken: '' });
    expect(listed.users).to.have.length(220);
    expect(((await retainedBytes()) - before) / 200 / 1e3).to.be.below(100);
    for (const agent of open) {
      agent.close();
    }
  }).timeout(40_000);
});
