import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import sharp from 'sharp';
import {
  answersMeanwhile,
  customerFile,
  needs,
  type RunningService,
  startService,
  uploadOf,
  withHostileTexts,
} from '#libs/testing/index.ts';
import { attemptResult, connect, startBackends } from './fixtures/blob.ts';
import { dribble } from './fixtures/slow.ts';

const SIDE = 11_000;

describe('blob under attack by a customer or a machine', function () {
  this.timeout(60_000);
  before(needs('bwrap'));
  const opened = new AsyncDisposableStack();
  let service: RunningService;
  let mallory: ReturnType<typeof connect>;
  let ann: ReturnType<typeof connect>;
  let machine: ReturnType<typeof connect>;
  let supervisor: ReturnType<typeof connect>;
  before(async () => {
    const backends = opened.use(await startBackends());
    service = opened.use(await startService({ name: 'blob', env: backends.variables }));
    const as = async (...who: Parameters<typeof backends.token>) =>
      opened.use(connect(service.address, await backends.token(...who)));
    mallory = await as('customer', 'mallory');
    ann = await as('customer', 'ann');
    machine = await as('agent', 'mallory', 'm-1');
    supervisor = await as('service', 'session-supervisor');
  });
  after(() => opened.disposeAsync());

  const list = () => ann.object.listObjects({ customerId: '', pageSize: 0, pageToken: '' });
  const answersAnn = (call: () => Promise<unknown>, during: () => Promise<unknown>) =>
    answersMeanwhile(call, during, { calls: 100, pid: service.pid });

  it('answers others while long texts come', async () => {
    const none = Buffer.alloc(0);
    const objectOf = (blobName: string) =>
      mallory.object.createObject({ blobName, fileName: 'f', customerId: '', requestId: '' });
    await answersAnn(list, async () => {
      const reasons = await withHostileTexts(
        (blobName) => mallory.statBlob({ blobName, grant: none }),
        (objectId) => mallory.object.getObject({ objectId }),
        objectOf,
        (resumeToken) => mallory.upload(uploadOf({ ...customerFile(), resumeToken }, none)),
      );
      expect([...reasons]).to.deep.equal(['INVALID_FIELDS']);
    });
  });

  it('stores what others upload while uploads dribble', async () => {
    using _ = await dribble(mallory, 64);
    using __ = await dribble(machine, 64, attemptResult('w-1'));
    const bytes = randomBytes(1_000);
    await answersAnn(() => ann.upload(uploadOf(customerFile(), bytes)), list);
  });

  it('answers others while it checks large pictures', async () => {
    const create = { width: SIDE, height: SIDE, channels: 3, background: '#000' } as const;
    const bytes = await sharp({ create }).png().toBuffer();
    const header = attemptResult('w-1', { attempt: '0-2' });
    const { blobName } = await machine.upload(uploadOf(header, bytes));
    await answersAnn(list, async () => {
      const checked = await supervisor.checkPicture({ blobName, width: SIDE, height: SIDE });
      expect(checked).to.include({ problem: '', width: SIDE, height: SIDE });
    });
  });
});
