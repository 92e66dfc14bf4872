import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { parseMeshSecret, signGrant } from '#libs/auth/index.ts';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import { status } from '#libs/errors/index.ts';
import {
  createTestClient,
  customerFile,
  errorOf,
  MESH_SECRET,
  noopSpec,
  readAll,
  uploadOf,
} from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { enrol, handAgent, type HandAgent } from '../harness/hand-agent.ts';
import { uploadResult } from '../harness/uploads.ts';
import { named, start } from '../harness/work.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';

describe('after its end', function () {
  this.timeout(30_000);
  let mesh: Mesh;
  let alpha: HandAgent;
  let acme: Clients;
  const bytes = randomBytes(64);
  const begin = (): Promise<string> =>
    start(acme, { noop: noopSpec({ tasks: 20, resultBytes: bytes.length }) });
  const stop = (id: string) =>
    acme.workloads.stopAndDeleteWorkload({ ...named(id), deleteResults: false, requestId: '' });
  const storedOf = async (id: string): Promise<number> => {
    const page = { prefix: `results/${id}/`, pageSize: 0, pageToken: '' };
    return (await mesh.operator.blobs.listBlobs(page)).blobs.length;
  };

  before(async () => {
    mesh = await startMesh();
    alpha = await handAgent(mesh, 'alpha');
    acme = await mesh.customer('acme');
  });
  after(async () => {
    alpha[Symbol.dispose]();
    await mesh[Symbol.asyncDispose]();
  });

  it('a workload’s attempts store nothing, and before only what it asks for', async () => {
    const workload = await begin();
    const attempt = await alpha.attempt(workload);
    using blobs = createTestClient(BlobServiceService, {
      target: mesh.endpoints.blob,
      token: alpha.token,
    });
    const target = (extension: string) => ({
      $case: 'attemptResult' as const,
      value: { workloadId: workload, attempt, extension, part: 0 },
    });
    const other = blobs.upload(uploadOf({ target: target('exr') }, bytes));
    expect((await errorOf(other)).message).to.match(/extension: .*bin, not exr/);
    // Blob may believe for ten seconds what it has just heard, so another workload is stopped.
    await stop(workload);
    const next = await begin();
    const late = { token: alpha.token, workload: next, attempt: await alpha.attempt(next) };
    await stop(next);
    expect(await errorOf(uploadResult(mesh, late, bytes))).to.include({
      code: status.FAILED_PRECONDITION,
      reason: 'WORKLOAD_OVER',
    });
    expect(await storedOf(next)).to.equal(0);
  });

  it('a machine neither stores nor reads', async () => {
    const { machine, token } = await enrol(mesh, 'gamma');
    const { blobName } = await acme.blobs.upload(uploadOf(customerFile(), bytes));
    const grant = signGrant(parseMeshSecret(MESH_SECRET), { blob: blobName, machine });
    using blobs = createTestClient(BlobServiceService, { target: mesh.endpoints.blob, token });
    await mesh.operator.machines.deleteMachine({ machineId: machine });
    const unknown = { code: status.PERMISSION_DENIED, reason: 'MACHINE_UNKNOWN' };
    const ask = { blobName, grant: Buffer.from(grant) };
    expect(await errorOf(blobs.statBlob(ask))).to.include(unknown);
    const read = readAll(blobs.download({ ...ask, offset: 0, lengthBytes: 0 }));
    expect(await errorOf(read)).to.include(unknown);
  });
});
