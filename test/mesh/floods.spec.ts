import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { eventually, noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { enrol } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { bytesOf, deafAgents, rawAgent } from '../harness/raw-agents.ts';
import { ended, start } from '../harness/work.ts';

const MIB = 2 ** 20;
const MAX_GROWTH = 100 * MIB;

describe('a mesh that is flooded', function () {
  this.timeout(90_000);
  let mesh: Mesh;
  let acme: Clients;

  before(async () => {
    mesh = await startMesh();
    await mesh.agent('honest');
    acme = await mesh.customer('acme');
    // The services work for a while first, because a fresh process grows anyway.
    await ended(acme, await start(acme, { noop: noopSpec({ tasks: 5_000 }) }));
  });
  after(() => mesh[Symbol.asyncDispose]());

  /** Resident memory of the services that agents can reach, directly or not. */
  const memory = async (): Promise<Record<string, number>> => {
    const { manager, supervisor } = mesh.services;
    const of = async ({ pid }: { pid: number }): Promise<number> => {
      const [, kib = ''] =
        /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
      return Number(kib) * 1_024;
    };
    return { manager: await of(manager), supervisor: await of(supervisor) };
  };
  /** Checks that neither service grows much during an action, and that honest work goes on meanwhile. */
  const unharmed = async (flood: (workload: string) => Promise<void>): Promise<void> => {
    const before_ = await memory();
    const id = await start(acme, { noop: noopSpec({ tasks: 2_000, durationMs: 1 }) });
    await flood(id);
    const { state } = await ended(acme, id);
    expect(state).to.equal('WORKLOAD_STATE_COMPLETED');
    for (const [service, bytes] of Object.entries(await memory())) {
      expect(bytes - before_[service]!, `${service} grew`).to.be.at.most(MAX_GROWTH);
    }
  };

  it('bears a thousand agents that never read, and cuts off those that get work', async () => {
    await unharmed(async () => {
      using _ = await deafAgents(mesh, 1_000, ['noop']);
      // This workload lasts long enough for the mesh to cut off the agents that get its work.
      const other = await start(await mesh.customer('other'), {
        noop: noopSpec({ tasks: 3_000, durationMs: 5 }),
      });
      const connected = async (): Promise<number> => {
        const page = await mesh.operator.users.listUsers({
          workloadId: '',
          pageSize: 1_000,
          pageToken: '',
        });
        return page.users.length;
      };
      await eventually(async () => expect(await connected()).to.be.below(950), {
        withinMs: 30_000,
        everyMs: 500,
      });
      await ended(mesh.operator, other);
    });
  });

  it('cuts off agents that send rubbish or report with foreign tokens, however many', async () => {
    const { token } = await enrol(mesh, 'forger');
    await unharmed(async (workloadId) => {
      const forged = (n: number): Uint8Array =>
        bytesOf({
          $case: 'reports',
          value: {
            reports: Array.from({ length: 1_000 }, (_, i) => ({
              reportId: n * 1_000 + i + 1,
              workloadId,
              attempt: {
                task: `noop/${i}`,
                generation: 0,
                attempt: `0-${i}`,
                token: randomBytes(16),
              },
              body: {
                $case: 'completed' as const,
                value: {
                  receipt: undefined,
                  sha256: 'ab'.repeat(32),
                  pixelHash: '',
                  used: undefined,
                  ending: '',
                  files: [],
                  seconds: 1,
                  notes: [],
                },
              },
            })),
          },
        });
      const cutOff = await rawAgent(
        mesh,
        token,
        Array.from({ length: 100 }, (_, n) => forged(n)),
      );
      expect(cutOff.reason).to.equal('TOO_MANY_FORGERIES');
      // The first ends a group that never began, which the decoder alone takes for the end of the message.
      const endOfGroup = Buffer.concat([Buffer.from('fc53', 'hex'), randomBytes(98)]);
      const cut = Buffer.concat([Buffer.from('7a7f', 'hex'), randomBytes(98)]);
      for (const rubbish of [endOfGroup, cut, Buffer.alloc(3 * MIB, 0x0a), Buffer.from('[]')]) {
        const { reason } = await rawAgent(mesh, token, [rubbish]);
        expect(reason).to.be.oneOf(['MALFORMED_MESSAGE', 'INVALID_FIELDS', 'MESSAGE_TOO_LARGE']);
      }
    });
  });
});
