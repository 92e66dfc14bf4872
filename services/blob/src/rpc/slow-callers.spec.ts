import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  answersMeanwhile,
  customerFile,
  eventually,
  readAll,
  runningClock,
  uploadOf,
} from '#libs/testing/index.ts';
import { attemptResult, reasonOf, startFixture, type BlobFixture } from '../fixtures/blob.ts';
import { dribble } from '../fixtures/slow.ts';

const none: Buffer = Buffer.alloc(0);
const bytes = randomBytes(100_000);

describe('Callers who are slow', function () {
  this.timeout(30_000);
  let mesh: BlobFixture;
  const clock = runningClock();
  before(async () => {
    mesh = await startFixture({ clock });
  });
  after(() => mesh[Symbol.asyncDispose]());

  const list = (client: BlobFixture['alice']) =>
    client.object.listObjects({ customerId: '', pageSize: 0, pageToken: '' });

  it('hold up nobody else with 64 uploads that dribble', async () => {
    using _ = await dribble(mesh.alice, 64);
    const stored = await mesh.bob.upload(uploadOf(customerFile(), bytes));
    expect(stored.sizeBytes).to.equal(bytes.length);
    const result = await mesh.agent.upload(uploadOf(attemptResult('w-1'), bytes));
    expect(result.sizeBytes).to.equal(bytes.length);
    await answersMeanwhile(
      () => list(mesh.bob),
      () => mesh.carol.upload(uploadOf(customerFile(), bytes)),
    );
  });

  it('hold up neither customers nor other machines as machines', async () => {
    using _ = await dribble(mesh.agent, 64, attemptResult('w-1'));
    const other = attemptResult('w-1', { attempt: '0-2', machine: 'm-2' });
    const result = await mesh.otherAgent.upload(uploadOf(other, bytes));
    expect(result.sizeBytes).to.equal(bytes.length);
    expect((await mesh.bob.upload(uploadOf(customerFile(), bytes))).sizeBytes).to.equal(
      bytes.length,
    );
  });

  it('are refused when more of their uploads wait than may, and only they', async () => {
    using slow = await dribble(mesh.alice, 32 + 64 + 3);
    expect(await Promise.race(slow.reasons)).to.equal('TOO_MANY_TRANSFERS');
    expect(await reasonOf(mesh.bob.upload(uploadOf(customerFile(), bytes)))).to.equal('answered');
  });

  /** Lets minutes pass until a promise is settled. */
  const skipUntil = async <T>(settled: Promise<T>): Promise<T> => {
    const open = Symbol('open');
    await eventually(
      async () => {
        await list(mesh.carol);
        clock.skip(60_000);
        expect(await Promise.race([settled, clock.sleep(10).then(() => open)])).not.to.equal(open);
      },
      { everyMs: 200 },
    );
    return settled;
  };

  it('lose their places when less than the least rate comes', async () => {
    using slow = await dribble(mesh.alice, 32);
    for (const reason of await skipUntil(Promise.all(slow.reasons))) {
      expect(reason).to.match(/^UPLOAD_(STALLED|TOO_SLOW)$/);
    }
    expect(await reasonOf(mesh.alice.upload(uploadOf(customerFile(), bytes)))).to.equal('answered');
  });

  it('lose their places when they say nothing, even before the header', async () => {
    const mute = (async function* () {
      await new Promise(() => {});
      yield* uploadOf(customerFile(), bytes);
    })();
    const ended = reasonOf(mesh.alice.upload(mute, { deadlineMs: 3_600_000 }));
    expect(await skipUntil(ended)).to.equal('UPLOAD_STALLED');
  });

  it('lose their places when they read nothing, and go on where they were', async () => {
    const large = randomBytes(8 * 2 ** 20);
    const { blobName } = await mesh.alice.upload(uploadOf(customerFile(), large));
    const ask = { blobName, offset: 0, lengthBytes: 0, grant: none };
    const others = clock.dueWithin(60_000);
    const pieces = mesh.alice.download(ask)[Symbol.asyncIterator]();
    const first = await pieces.next();
    // Each piece that is sent waits for a moment; one that nobody takes still waits after many calls.
    for (let seen = 0; seen < 50; seen = clock.dueWithin(60_000) > others ? seen + 1 : 0) {
      await list(mesh.alice);
    }
    clock.skip(60_000);
    let received = first.done === true ? 0 : first.value.chunk.length;
    const rest = async (): Promise<void> => {
      for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
        received += next.value.chunk.length;
      }
    };
    expect(await reasonOf(rest())).to.equal('DOWNLOAD_TOO_SLOW');
    const rested = await readAll(mesh.alice.download({ ...ask, offset: received }));
    expect(rested.bytes.equals(large.subarray(received))).to.equal(true);
  });
});
