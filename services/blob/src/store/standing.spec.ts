import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { signGrant } from '#libs/auth/index.ts';
import { WorkloadStandingReply } from '#libs/contracts/session.ts';
import { MachineStandingReply } from '#libs/contracts/user.ts';
import { MACHINE_STANDING_SUBJECT, WORKLOAD_STANDING_SUBJECT } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import { testBus } from '#libs/nats/fixtures/bus.ts';
import { customerFile, failureOf, runningClock, uploadOf } from '#libs/testing/index.ts';
import {
  attemptResult,
  meshSecret,
  reasonOf,
  startFixture,
  type BlobFixture,
} from '../fixtures/blob.ts';
import { commitOf, fileOf, storeParts } from '../fixtures/parts.ts';
import { MAX_AGE_MS } from './standing.ts';

const bytes = randomBytes(100);

describe('what blob is told of workloads and machines', function () {
  this.timeout(30_000);
  const clock = runningClock();
  const told = { takesResults: true, isEnrolled: true };
  let asked = 0;
  let mesh: BlobFixture;
  let bus: Bus;
  let attempts = 0;

  before(async () => {
    mesh = await startFixture({ clock }, {}, 'own');
    bus = await testBus(mesh.nats.url);
  });
  after(async () => {
    await bus.close();
    await mesh[Symbol.asyncDispose]();
  });

  const store = (): Promise<string> => {
    attempts += 1;
    const target = attemptResult('w-1', { attempt: `0-${attempts}` });
    return reasonOf(mesh.agent.upload(uploadOf(target, bytes)));
  };

  it('is believed to be well while nobody answers', async () => {
    expect(await store()).to.equal('answered');
    clock.skip(MAX_AGE_MS);
    const servings = [
      bus.serve(WORKLOAD_STANDING_SUBJECT, async () => {
        asked += 1;
        const { takesResults } = told;
        return WorkloadStandingReply.encode({ takesResults, extensions: ['png'] }).finish();
      }),
      bus.serve(MACHINE_STANDING_SUBJECT, async () => {
        const { isEnrolled } = told;
        return MachineStandingReply.encode({ isEnrolled }).finish();
      }),
    ];
    await Promise.all(servings.map((serving) => serving.ready()));
  });

  it('counts for ten seconds, and a refusal only once, because workloads are opened again', async () => {
    expect([await store(), await store(), asked]).to.deep.equal(['answered', 'answered', 1]);
    told.takesResults = false;
    expect(await store()).to.equal('answered');
    clock.skip(MAX_AGE_MS);
    expect([await store(), await store()]).to.deep.equal(['WORKLOAD_OVER', 'WORKLOAD_OVER']);
    told.takesResults = true;
    expect(await store()).to.equal('answered');
  });

  it('ends an upload that was begun before its workload was over', async () => {
    attempts += 1;
    const target = attemptResult('w-1', { attempt: `0-${attempts}` });
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slowly = async function* () {
      yield* uploadOf(target, bytes);
      begun.resolve();
      await goOn.promise;
    };
    const late = reasonOf(mesh.agent.upload(slowly()));
    await begun.promise;
    await store();
    told.takesResults = false;
    clock.skip(MAX_AGE_MS);
    goOn.resolve();
    expect(await late).to.equal('WORKLOAD_OVER');
    told.takesResults = true;
  });

  it('counts for parts, and for what is made of them', async () => {
    const upload = () => reasonOf(storeParts(mesh.agent, 'w-2', ['part']));
    const commit = (checkpoint: number) => {
      const files = [fileOf('file', 'part')];
      return failureOf(mesh.agent.commitParts(commitOf('w-2', files, { checkpoint })));
    };
    expect([await upload(), await commit(1)]).to.deep.equal(['answered', undefined]);
    // Results of this node are pictures.
    expect((await commit(0))?.violations).to.deep.equal([
      { field: 'header.checkpoint', description: 'results of this task are png, not parts' },
    ]);
    told.takesResults = false;
    clock.skip(MAX_AGE_MS);
    expect([await upload(), (await commit(1))?.reason]).to.deep.equal([
      'WORKLOAD_OVER',
      'WORKLOAD_OVER',
    ]);
    told.takesResults = true;
    told.isEnrolled = false;
    clock.skip(MAX_AGE_MS);
    expect([await upload(), (await commit(1))?.reason]).to.deep.equal([
      'MACHINE_UNKNOWN',
      'MACHINE_UNKNOWN',
    ]);
    told.isEnrolled = true;
  });

  it('ends the open streams of a machine that was deleted', async () => {
    const { blobName } = await mesh.alice.upload(uploadOf(customerFile(), randomBytes(2 ** 23)));
    const grant = Buffer.from(signGrant(meshSecret, { blob: blobName, machine: 'm-1' }));
    const ask = { blobName, grant, offset: 0, lengthBytes: 0 };
    const reading = mesh.agent.download(ask)[Symbol.asyncIterator]();
    await reading.next();
    told.isEnrolled = false;
    clock.skip(MAX_AGE_MS);
    const rest = async (): Promise<void> => {
      for (let next = await reading.next(); next.done !== true; next = await reading.next()) {
        await clock.sleep(100);
      }
    };
    expect(await reasonOf(rest())).to.equal('MACHINE_UNKNOWN');
    expect(await store()).to.equal('MACHINE_UNKNOWN');
    told.isEnrolled = true;
  });
});
