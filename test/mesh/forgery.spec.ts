import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { Outcome } from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import { status } from '#libs/errors/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { errorOf, noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { enrol, finishTask, handAgent, type HandAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { bytesOf, rawAgent } from '../harness/raw-agents.ts';
import { uploadResult } from '../harness/uploads.ts';
import { named, resultsOf, start, until } from '../harness/work.ts';

describe('a report', function () {
  this.timeout(30_000);
  let mesh: Mesh;
  let alpha: HandAgent;
  let beta: HandAgent;
  let acme: Clients;
  let id: string;

  before(async () => {
    mesh = await startMesh();
    [alpha, beta] = await Promise.all([handAgent(mesh, 'alpha'), handAgent(mesh, 'beta')]);
  });
  after(async () => {
    for (const agent of [alpha, beta]) {
      agent[Symbol.dispose]();
    }
    await mesh[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    acme = await mesh.customer(systemRandom.id('acme'));
  });
  afterEach(() => stop());

  const stop = () =>
    acme.workloads.stopAndDeleteWorkload({ ...named(id), deleteResults: false, requestId: '' });
  /** Starts work for both agents. Returns the first attempt of each. */
  const begin = async (resultBytes = 0): Promise<[Attempt, Attempt]> => {
    id = await start(acme, { noop: noopSpec({ tasks: 20, resultBytes }) });
    const attempts = await Promise.all([alpha.attempt(id), beta.attempt(id)]);
    await until(acme, id, ({ workload }) => workload?.state === 'WORKLOAD_STATE_RUNNING');
    return attempts;
  };
  /** The full state of the workload, with its last journal position. */
  const known = async () => ({
    status: await acme.workloads.getWorkloadStatus(named(id)),
    results: await resultsOf(acme, id),
  });
  /** Sends a report that must leave no trace, and returns its outcome. */
  const refused = async (report: () => Promise<Outcome>): Promise<string> => {
    const before_ = await known();
    const { verdict, reason } = await report();
    expect(verdict).to.equal('VERDICT_SETTLED');
    expect(await known()).to.deep.equal(before_);
    return reason;
  };

  it('counts only with the token of its attempt', async () => {
    const [attempt] = await begin();
    const forged = (change: Partial<Attempt>) =>
      refused(() => alpha.complete({ ...attempt, ...change }));
    expect(await forged({ token: randomBytes(16) })).to.equal('TOKEN_INVALID');
    expect(await forged({ task: 'noop/19' })).to.equal('TOKEN_INVALID');
    expect(await forged({ attempt: '0-999' })).to.equal('TOKEN_INVALID');
    expect(await forged({ generation: 1 })).to.equal('TOKEN_INVALID');
    await finishTask(alpha);
  });

  it('counts only from the attempt’s own user and for its own workload', async () => {
    const [, attempt] = await begin();
    expect(await refused(() => alpha.complete(attempt))).to.equal('TOKEN_INVALID');
    await beta.complete(attempt);
    await stop();
    const former = id;
    const [other] = await begin();
    expect(await refused(() => alpha.complete(attempt, { workload: id }))).to.equal(
      'TOKEN_INVALID',
    );
    const late = await alpha.complete(other, { workload: former });
    expect(late).to.include({ verdict: 'VERDICT_SETTLED', reason: 'WORKLOAD_ENDED' });
    const nowhere = await alpha.complete(other, { workload: 'w-nowhere' });
    expect(nowhere).to.include({ verdict: 'VERDICT_LATER', reason: 'NOT_GIVEN' });
  });

  it('counts only with the right bytes, if the task determines them', async () => {
    const [attempt] = await begin();
    expect(await refused(() => alpha.complete(attempt, { sha256: 'ab'.repeat(32) }))).to.equal(
      'RESULT_INVALID',
    );
    await finishTask(alpha);
  });

  it('counts only with the receipt for exactly these bytes and this attempt', async () => {
    const [attempt, others] = await begin(64);
    const { receipt } = await uploadResult(
      mesh,
      { token: alpha.token, workload: id, attempt },
      randomBytes(64),
    );
    const foreign = await uploadResult(
      mesh,
      { token: beta.token, workload: id, attempt: others },
      randomBytes(64),
    );
    if (receipt === undefined || foreign.receipt === undefined) {
      throw new Error('an upload without a receipt');
    }
    const { sha256 } = receipt;
    const claim = (different: Partial<typeof receipt>) =>
      refused(() => alpha.complete(attempt, { sha256, receipt: { ...receipt, ...different } }));

    expect(await refused(() => alpha.complete(attempt, { sha256 }))).to.equal('RECEIPT_MISSING');
    expect(await claim({ signature: randomBytes(32) })).to.equal('RECEIPT_INVALID');
    expect(await claim({ sizeBytes: 65 })).to.equal('RECEIPT_INVALID');
    expect(await claim({ sha256: foreign.sha256 })).to.equal('RESULT_INVALID');
    const stolen = () =>
      alpha.complete(attempt, { sha256: foreign.sha256, receipt: foreign.receipt });
    expect(await refused(stolen)).to.equal('RECEIPT_INVALID');
    expect((await alpha.complete(attempt, { sha256, receipt })).verdict).to.equal(
      'VERDICT_ACCEPTED',
    );
  });

  it('counts once, even if its task was given to another user meanwhile', async () => {
    const [attempt] = await begin();
    await alpha.begin(attempt);
    const { name, machine, token } = alpha;
    alpha[Symbol.dispose]();
    for (;;) {
      const { task } = await beta.attempt(id);
      await finishTask(beta);
      if (task === attempt.task) {
        break;
      }
    }
    alpha = await handAgent(mesh, { name, machine, token });
    await alpha.attempt(id);
    expect(await refused(() => alpha.complete(attempt, { workload: id }))).to.equal('DUPLICATE');
    const results = await resultsOf(acme, id);
    expect(
      results.filter(({ task }) => task === attempt.task).map(({ userName }) => userName),
    ).to.deep.equal(['beta']);
  });

  it('does not count after a stop, even if the bytes were stored before it', async () => {
    const [attempt] = await begin(64);
    const { receipt, sha256 } = await uploadResult(
      mesh,
      { token: alpha.token, workload: id, attempt },
      randomBytes(64),
    );
    await stop();
    const outcome = await alpha.complete(attempt, { workload: id, sha256, receipt });
    expect(outcome).to.include({ verdict: 'VERDICT_SETTLED', reason: 'WORKLOAD_ENDED' });
    const { state, completed } = await acme.workloads.getWorkloadStatus(named(id));
    expect({ state, completed }).to.deep.equal({ state: 'WORKLOAD_STATE_STOPPED', completed: 0 });
    expect(await resultsOf(acme, id)).to.deep.equal([]);
  });

  it('cannot be stored under another user’s attempt', async () => {
    const [attempt, others] = await begin(64);
    const upload = (change: { token?: string; workload?: string; attempt?: Attempt }) =>
      errorOf(
        uploadResult(
          mesh,
          { token: alpha.token, workload: id, attempt, ...change },
          randomBytes(64),
        ),
      );
    const invalid = { code: status.PERMISSION_DENIED, reason: 'ATTEMPT_TOKEN_INVALID' };
    expect(await upload({ attempt: others })).to.include(invalid);
    expect(await upload({ attempt: { ...attempt, token: randomBytes(16) } })).to.include(invalid);
    expect(await upload({ attempt: { ...attempt, generation: 1 } })).to.include(invalid);
    expect(await upload({ workload: 'w-other' })).to.include(invalid);
    const customer = await mesh.keys.token('customer', 'somebody');
    expect(await upload({ token: customer })).to.include({ reason: 'UPLOAD_TARGET_REFUSED' });
    const { blobs } = await mesh.operator.blobs.listBlobs({
      prefix: `results/${id}/`,
      pageSize: 0,
      pageToken: '',
    });
    expect(blobs).to.deep.equal([]);
  });

  it('ends only its own stream if it is malformed', async () => {
    const { token } = await enrol(mesh, 'rubbish');
    const [attempt] = await begin();
    const report = {
      reportId: 1,
      workloadId: id,
      attempt,
      body: { $case: 'started', value: {} },
    } as const;
    const rubbish: [string, Uint8Array[], Uint8Array[]?][] = [
      ['MALFORMED_MESSAGE', [randomBytes(300).fill(0xff, 0, 20)]],
      ['INVALID_FIELDS', [bytesOf(undefined)]],
      [
        'INVALID_FIELDS',
        [
          bytesOf({
            $case: 'reports',
            value: { reports: Array.from({ length: 1_001 }, () => report) },
          }),
        ],
      ],
      [
        'INVALID_FIELDS',
        [bytesOf({ $case: 'reports', value: { reports: [{ ...report, workloadId: 'w-1.>' }] } })],
      ],
      ['HELLO_EXPECTED', [], [bytesOf({ $case: 'reports', value: { reports: [] } })]],
    ];
    for (const [reason, messages, beginning] of rubbish) {
      expect((await rawAgent(mesh, token, messages, beginning)).reason).to.equal(reason);
    }
    await finishTask(alpha);
    await finishTask(beta);
    expect((await acme.workloads.getWorkloadStatus(named(id))).completed).to.equal(2);
  });
});
