import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { UploadRequest } from '#libs/contracts/blob.ts';
import { startService, type RunningService, uploadOf, customerFile } from '#libs/testing/index.ts';
import { connect, startBackends } from './fixtures/blob.ts';

const chunkBytes = 2 ** 20;
const chunks = 512;
const none: Buffer = Buffer.alloc(0);

/** The memory of a process now, and its peak, in bytes. */
const memoryOf = async (pid: number): Promise<{ now: number; peak: number }> => {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
};

function* large(): Generator<UploadRequest> {
  yield* uploadOf(customerFile(), none);
  for (let sent = 0; sent < chunks; sent += 1) {
    yield { part: { $case: 'chunk', value: Buffer.alloc(chunkBytes, sent) } };
  }
}

describe('memory of the service', () => {
  let backends: Awaited<ReturnType<typeof startBackends>>;
  let service: RunningService;
  let client: ReturnType<typeof connect>;

  before(async function () {
    this.timeout(60_000);
    backends = await startBackends();
    service = await startService({
      name: 'blob',
      env: { ...backends.variables, MUSTER_LOG_LEVEL: 'warn' },
    });
    client = connect(service.address, await backends.token('customer', 'alice'));
  });
  after(async () => {
    client.close();
    expect(await service.stop()).to.equal(0);
    await service[Symbol.asyncDispose]();
    await backends[Symbol.asyncDispose]();
  });

  it('grows by at most 64 MiB while 512 MiB flow in, and not with unread downloads', async function () {
    this.timeout(120_000);
    const fresh = (await memoryOf(service.pid)).now;
    const growthBytes = async (): Promise<number> => (await memoryOf(service.pid)).peak - fresh;
    const { blobName, sizeBytes } = await client.upload(large(), { deadlineMs: 110_000 });
    expect(sizeBytes).to.equal(chunks * chunkBytes);
    expect(await growthBytes(), 'while it flowed in').to.be.at.most(64 * 2 ** 20);

    const ask = { blobName, offset: 0, lengthBytes: 0, grant: none };
    const slow = Array.from({ length: 8 }, () =>
      client.download(ask, { deadlineMs: 110_000 })[Symbol.asyncIterator](),
    );
    await Promise.all(slow.map((reader) => reader.next()));
    const read = { ...ask, lengthBytes: 128 * 2 ** 20 };
    let received = 0;
    for await (const { chunk } of client.download(read, { deadlineMs: 110_000 })) {
      received += chunk.length;
    }
    expect(received).to.equal(read.lengthBytes);
    for (const reader of slow) {
      await reader.return?.();
    }
    expect(await growthBytes(), 'while others stood still').to.be.at.most(128 * 2 ** 20);
  });
});
