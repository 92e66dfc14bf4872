import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Attempt, Receipt, RenderSpec } from '#libs/contracts/common.ts';
import type { StartWorkloadRequest, Workload } from '#libs/contracts/session.ts';
import { completedBody, eventually, onePixel, renderSpec } from '#libs/testing/index.ts';
import { buildHead, PACKINGS, SHAPES } from '#libs/blend/fixtures/head.ts';
import { openBlob, type TestBlob } from '../fixtures/blob.ts';
import { spoilt } from '../fixtures/users.ts';
import { openMesh, type TestMesh, type TestSupervisor } from '../fixtures/mesh.ts';
import { about, firstPage, noopStart, refusal } from '../fixtures/requests.ts';

const oneScene = buildHead(SHAPES['3.4, 64 bit']);
const threeScenes = buildHead(SHAPES['5.0, 17-byte header, three scenes']);

const render = (
  objectId: string,
  spec: Partial<RenderSpec> = {},
  requestId = '',
): StartWorkloadRequest => ({
  ...noopStart({}, { objectId, requestId }),
  spec: {
    $case: 'render',
    value: renderSpec({
      order: 'RENDER_ORDER_UNSPECIFIED',
      format: 'RENDER_FORMAT_UNSPECIFIED',
      ...spec,
    }),
  },
});

describe('a render', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let blob: TestBlob;
  let supervisor: TestSupervisor;
  before(async () => {
    mesh = await openMesh({ env: { MUSTER_PLAN_RUNNING_WORKLOADS: '100' } });
    blob = await openBlob(mesh);
    supervisor = await mesh.start({ env: { MUSTER_BLOB_ENDPOINT: blob.service.address } });
  });
  after(async () => {
    await supervisor[Symbol.asyncDispose]();
    await blob[Symbol.asyncDispose]();
    await mesh[Symbol.asyncDispose]();
  });

  const start = async (request: StartWorkloadRequest): Promise<Workload | undefined> => {
    const { workloads } = await mesh.as('customer', 'acme');
    return (await workloads.startWorkload(request)).workload;
  };

  it('takes its frames and Blender’s version from the head of the file, packed or not', async () => {
    for (const [name, pack] of Object.entries(PACKINGS)) {
      const objectId = await blob.object('acme', pack(oneScene), 'film.blend');
      const workload = await start(render(objectId));
      expect(workload, name).to.include({
        objectId,
        fileName: 'film.blend',
        blenderVersion: '3.4',
        firstFrame: 0,
        lastFrame: 24,
        total: 25,
      });
      expect(workload?.spec?.value, name).to.deep.include({
        frames: '0-24',
        order: 'RENDER_ORDER_SEQUENTIAL',
        format: 'RENDER_FORMAT_PNG',
        frameTimeout: { seconds: 3_600, nanos: 0 },
        progressTimeout: { seconds: 600, nanos: 0 },
      });
    }
  });

  it('takes the frames and the scene of the request, with the frames normalised', async () => {
    const objectId = await blob.object('acme', threeScenes);
    const frames = await start(render(objectId, { scene: 'B', frames: '20-30, 3,4 , 5-100x5' }));
    expect(frames?.spec?.value).to.include({ frames: '3-5,10-20x5,21-30,35-100x5' });
    expect(await start(render(objectId, { scene: 'B' }))).to.include({
      firstFrame: 2,
      lastFrame: 20,
      blenderVersion: '5.0',
    });
  });

  it('is refused with the defect of its file', async () => {
    const refused = async (bytes: Uint8Array, spec: Partial<RenderSpec> = {}): Promise<string> =>
      refusal(start(render(await blob.object('acme', bytes), spec)));
    expect(await refused(Buffer.from('a text'))).to.equal('NOT_A_BLEND_FILE');
    expect(await refused(oneScene.subarray(0, 20))).to.equal('BLEND_FILE_TRUNCATED');
    expect(await refused(Buffer.from([0x1f, 0x8b, 0, 0, 0]))).to.equal('BLEND_FILE_DAMAGED');
    expect(await refused(Buffer.from('BLENDER19-01v0600__REND'))).to.equal('BLEND_FORMAT_UNKNOWN');
    expect(await refused(threeScenes)).to.equal('SCENE_REQUIRED');
    expect(await refused(threeScenes, { scene: 'Z' })).to.equal('SCENE_NOT_IN_HEAD');
    expect(await refused(threeScenes, { scene: 'Z', frames: '1-5' })).to.equal('answered');
    const noFrames = buildHead({ ...SHAPES['3.4, 64 bit'], scenes: [] });
    expect(await refused(noFrames)).to.equal('FRAME_RANGE_UNREADABLE');
    expect(await refused(noFrames, { frames: '1-5' })).to.equal('answered');
  });

  it('names all wrong fields at once', async () => {
    const spec: Partial<RenderSpec> = {
      frames: '1-',
      engine: 'POVRAY',
      samples: 65_537,
      scalePercent: 401,
      scene: 'x'.repeat(65),
      frameTimeout: { seconds: 0, nanos: 5 },
      progressTimeout: { seconds: 86_401, nanos: 0 },
      maxFailures: 101,
      maxLosses: 101,
    };
    expect(await refusal(start(render('', spec)))).to.equal(
      'INVALID_FIELDS object_id render.engine render.samples render.scale_percent render.scene render.frames ' +
        'render.frame_timeout render.progress_timeout render.max_failures render.max_losses',
    );
  });

  it('names what does not fit to its device', async () => {
    const wrong = (spec: Partial<RenderSpec>): Promise<string> =>
      refusal(start(render('o-1', { frames: '1', ...spec })));
    const gpu = { device: 'RENDER_DEVICE_GPU', deviceMemoryBytes: 1 } as const;
    expect(await wrong({ ...gpu, engine: 'BLENDER_EEVEE', tiles: 4 })).to.equal(
      'INVALID_FIELDS render.device render.tiles',
    );
    expect(await wrong({ deviceMemoryBytes: 1 })).to.equal(
      'INVALID_FIELDS render.device_memory_bytes',
    );
    const auto = { engine: 'CYCLES', tiles: 8, tilesIfSlow: true };
    expect(await wrong({ ...gpu, ...auto })).to.equal('OBJECT_NOT_FOUND');
  });

  it('is refused without the object, or with another customer’s', async () => {
    expect(await refusal(start(render('o-none')))).to.equal('OBJECT_NOT_FOUND');
    const foreign = await blob.object('other', oneScene);
    expect(await refusal(start(render(foreign)))).to.equal('OBJECT_NOT_FOUND');
    const { workloads } = await mesh.as('operator', 'olga');
    const forAcme = workloads.startWorkload({ ...render(foreign), customerId: 'acme' });
    expect(await refusal(forAcme)).to.equal('OBJECT_NOT_FOUND');
  });

  it('that was started is returned to a repetition even if its object is gone', async () => {
    const objectId = await blob.object('acme', oneScene);
    const first = await start(render(objectId, {}, 'r-gone'));
    await blob.deleteObject('acme', objectId).catch(() => undefined);
    await mesh.db.collection('objects').deleteOne({ _id: objectId as never });
    expect(await refusal(start(render(objectId)))).to.equal('OBJECT_NOT_FOUND');
    expect((await start(render(objectId, {}, 'r-gone')))?.workloadId).to.equal(first?.workloadId);
  });

  it('keeps the log of a failed frame, with invalid UTF-8 replaced', async () => {
    const { workloads } = await mesh.as('customer', 'acme');
    const id = (await start(render(await blob.object('acme', oneScene))))?.workloadId ?? '';
    mesh.users.assign(id, 'm-1');
    const [attempt] = await mesh.users.work('m-1');
    const target = {
      $case: 'attemptLog' as const,
      value: { workloadId: id, attempt: attempt!, extension: '', part: 0 },
    };
    const bytes = Buffer.concat([
      Buffer.alloc(100, 'a'),
      Buffer.from([0xff]),
      Buffer.from(' Fehler: größer'),
    ]);
    const { receipt: logReceipt } = await blob.attemptFile('m-1', target, bytes);
    await mesh.users.report(id, 'm-1', [spoilt(id, attempt!, { reason: 'it broke', logReceipt })]);
    const frame = attempt!.task.slice('frames/'.length);
    for (const task of [attempt!.task, frame]) {
      const log = await workloads.getTaskLog({ ...about(id), task, failed: false });
      expect(log).to.include({
        task: attempt!.task,
        attempt: attempt!.attempt,
        userId: 'm-1',
        reason: 'it broke',
      });
      expect(log.log).to.equal(`${'a'.repeat(100)}\ufffd Fehler: größer`);
      expect(log.failTime).to.be.instanceOf(Date);
    }
  });

  it('takes further files of a frame with a receipt each, and lists them with a grant each', async () => {
    const { workloads } = await mesh.as('customer', 'acme');
    const asInFile = { format: 'RENDER_FORMAT_AS_IN_FILE' } as const;
    const objectId = await blob.object('acme', oneScene);
    const id = (await start(render(objectId, asInFile)))?.workloadId ?? '';
    mesh.users.assign(id, 'eyes');
    const [attempt] = await mesh.users.work('eyes');
    // The mesh decodes them.
    const made = await Promise.all([onePixel('tiff', 1), onePixel('tiff', 2), onePixel('png', 3)]);
    const store = async (part: number, extension: string): Promise<Receipt | undefined> => {
      const value = { workloadId: id, attempt: attempt!, extension, part };
      const target = { $case: 'attemptResult', value } as const;
      return (await blob.attemptFile('eyes', target, made[part]!.bytes)).receipt;
    };
    const receipts = [await store(0, 'tif'), await store(1, 'tif'), await store(2, 'png')];
    const [receipt, right, passes] = receipts;
    const files = [
      { receipt: right, ending: '_R.tif', pixelHash: made[1].pixelHash },
      { receipt: passes, ending: '.Passes-Z.png', pixelHash: made[2].pixelHash },
    ];
    const used = { engine: 'CYCLES', version: '3.4.1', device: 'CPU' };
    const { sha256 } = receipt!;
    const { pixelHash } = made[0];
    const good = { receipt, sha256, pixelHash, ending: '_L.tif', used, files };
    const report = async (reportId: number, more: Parameters<typeof completedBody>[0] = {}) => {
      const body = completedBody({ ...good, ...more });
      const reports = [{ reportId, workloadId: id, attempt: attempt!, body }];
      return (await mesh.users.report(id, 'eyes', reports))[0]?.reason;
    };
    const [first, second] = files;
    const forged = { ...passes!, sha256: right!.sha256 };
    const lies = [
      [second!, first!],
      [{ ...first!, receipt: undefined }],
      [{ ...first!, receipt }],
      [{ ...first!, ending: '/../../x.tif' }],
      [{ ...first!, ending: '_R.exe' }],
      [first!, { ...second!, receipt: forged }],
    ];
    for (const [i, lie] of lies.entries()) {
      expect(await report(i + 1, { files: lie }), String(i)).to.equal('RECEIPT_INVALID');
    }
    expect(await report(20, { files: [{ ...first!, ending: '_L.tif' }] })).to.equal(
      'RESULT_INVALID',
    );
    expect(await report(21)).to.equal('');

    const listed = await workloads.listResults({ ...about(id), ...firstPage, afterRevision: 0 });
    const [result] = listed.results;
    expect(result).to.deep.include({ ending: '_L.tif', used });
    expect(result?.files.map(({ ending }) => ending)).to.deep.equal(['_R.tif', '.Passes-Z.png']);
    const [further] = result?.files ?? [];
    const { bytes, ...known } = made[1];
    expect(further).to.include({ sha256: right!.sha256, sizeBytes: bytes.length, ...known });
    expect(await blob.read('acme', further!.blobName, further!.grant)).to.equal(bytes.toString());
    await eventually(async () =>
      expect((await workloads.getWorkload(about(id))).workload?.verified).to.equal(1),
    );
    const { workload } = await workloads.getWorkload(about(id));
    expect(workload?.madeWith).to.deep.equal([{ used, results: 1 }]);
  });

  it('gives the log and the preview of an accepted frame, as long as blob has them', async () => {
    const { workloads } = await mesh.as('customer', 'acme');
    const id = (await start(render(await blob.object('acme', oneScene))))?.workloadId ?? '';
    const attemptOf = async (user: string): Promise<Attempt> => {
      mesh.users.assign(id, user);
      const [attempt] = await mesh.users.work(user);
      return attempt!;
    };
    const store = async (
      kind: 'attemptLog' | 'attemptPreview',
      user: string,
      attempt: Attempt,
      text: string,
    ): Promise<Receipt | undefined> => {
      const value = { workloadId: id, attempt, extension: '', part: 0 };
      return (await blob.attemptFile(user, { $case: kind, value }, Buffer.from(text))).receipt;
    };
    const first = await attemptOf('keeper-1');
    const log = (more: { failed?: boolean } = {}) =>
      workloads.getTaskLog({ ...about(id), task: first.task, failed: false, ...more });
    const logReceipt = await store('attemptLog', 'keeper-1', first, 'it broke');
    await mesh.users.report(id, 'keeper-1', [spoilt(id, first, { logReceipt })]);
    mesh.users.vanish(id, 'keeper-1');
    const second = await attemptOf('keeper-2');
    expect(second.task).to.equal(first.task);
    const result = { workloadId: id, attempt: second, extension: 'png', part: 0 };
    const target = { $case: 'attemptResult', value: result } as const;
    const { bytes, pixelHash } = await onePixel('png', 1);
    const { receipt } = await blob.attemptFile('keeper-2', target, bytes);
    const body = completedBody({ receipt, sha256: receipt!.sha256, pixelHash });
    await mesh.users.report(id, 'keeper-2', [
      { reportId: 1, workloadId: id, attempt: second, body },
    ]);

    expect(await refusal(log())).to.equal('NO_LOG');
    await store('attemptLog', 'keeper-2', second, 'Saved: 1.png');
    const kept = await log();
    expect(kept).to.include({
      attempt: second.attempt,
      userId: 'keeper-2',
      userName: 'name of keeper-2',
      reason: '',
      log: 'Saved: 1.png',
      failTime: undefined,
    });
    expect(kept.acceptTime).to.be.instanceOf(Date);
    expect(await log({ failed: true })).to.include({
      userId: 'keeper-1',
      userName: 'name of keeper-1',
      log: 'it broke',
    });

    const listed = await workloads.listResults({ ...about(id), ...firstPage, afterRevision: 0 });
    const { previewName = '', previewGrant: grant = Buffer.alloc(0) } = listed.results[0] ?? {};
    const look = () => blob.read('acme', previewName, grant);
    expect(await refusal(look())).to.equal('BLOB_NOT_FOUND');
    await store('attemptPreview', 'keeper-2', second, 'small');
    expect(await look()).to.equal('small');
    expect(await refusal(blob.read('acme', previewName, Buffer.alloc(0)))).to.equal(
      'BLOB_NOT_FOUND',
    );
    expect(
      await refusal(store('attemptPreview', 'keeper-2', second, 'x'.repeat(2 ** 18 + 1))),
    ).to.equal('UPLOAD_TOO_LARGE');
  });

  it('splits a frame into strips once its user expects it to take long, and not before', async () => {
    const objectId = await blob.object('acme', oneScene);
    const { workloads } = await mesh.as('customer', 'acme');
    const ask = render(objectId, { frames: '7', tiles: 3, tilesIfSlow: true });
    const id = (await start(ask))?.workloadId ?? '';
    const nodes = async () =>
      (await workloads.getWorkload(about(id))).workload?.nodes.map(({ node }) => node);
    mesh.users.assign(id, 'splitter');
    const [whole] = await mesh.users.work('splitter');
    expect(whole?.task).to.equal('frames/7');
    expect(await nodes()).to.deep.equal([]);
    const tasks = await workloads.listTasks({ ...about(id), ...firstPage, states: [] });
    expect(tasks.tasks.map(({ task }) => task)).to.deep.equal(['frames/7']);
    const { kind } = mesh.users.desired('splitter')?.work ?? {};
    expect(kind?.value).to.have.nested.property('stepwiseSpec.tilesIfSlow', true);
    expect(kind?.value).to.have.nested.property(
      'stepwiseSpec.physics',
      'RENDER_PHYSICS_ALLOW_UNBAKED',
    );

    const told = { attempt: whole!.attempt, fraction: 0.1, text: '', elapsedSeconds: 20 };
    mesh.users.progress(id, 'splitter', { ...told, remainingSeconds: 30, canSplit: true });
    mesh.users.progress(id, 'splitter', { ...told, remainingSeconds: 900, canSplit: false });
    mesh.users.progress(id, 'splitter', { ...told, remainingSeconds: 901, canSplit: true });
    await eventually(async () =>
      expect((await mesh.users.work('splitter'))[0]?.task).to.equal('tile-1/7'),
    );
    // Readers see a decision a moment after it is durable.
    await eventually(async () =>
      expect(await nodes()).to.deep.equal(['tile-1', 'tile-2', 'tile-3', 'frames']),
    );
    expect(mesh.users.demands.get(id)?.wanted).to.be.at.least(3);
  });

  it('is not split where that cannot help: too many frames, or physics that one user plays', async () => {
    const objectId = await blob.object('acme', oneScene);
    const auto = { tiles: 8, tilesIfSlow: true } as const;
    const many = await start(render(objectId, { ...auto, frames: '1-1000' }));
    expect(many?.spec?.value).to.include({ tiles: 0, tilesIfSlow: false });
    const physics = 'RENDER_PHYSICS_IN_ORDER';
    const played = await start(render(objectId, { ...auto, frames: '1', physics }));
    expect(played?.spec?.value).to.include({ tiles: 0, tilesIfSlow: false });
    expect(await refusal(start(render(objectId, { tiles: 8, frames: '1-1000' })))).to.equal(
      'TOO_MANY_STRIPS',
    );
    expect(await refusal(start(render(objectId, { tiles: 8, frames: '1', physics })))).to.equal(
      'INVALID_FIELDS render.tiles',
    );
  });

  it('says within the deadline that blob is away, and recovers by itself when blob is back', async () => {
    const objectId = await blob.object('acme', oneScene);
    await blob.service.kill('SIGSTOP');
    try {
      const thrown = await start(render(objectId)).catch((error: unknown) => error);
      expect(thrown).to.deep.include({
        reason: 'DEPENDENCY_UNAVAILABLE',
        metadata: { dependency: 'blob' },
      });
    } finally {
      await blob.service.kill('SIGCONT');
    }
    await eventually(
      async () => expect(await refusal(start(render(objectId)))).to.equal('answered'),
      {
        withinMs: 15_000,
      },
    );
    await blob.azurite.stop();
    const thrown = await start(render(objectId)).catch((error: unknown) => error);
    expect(thrown).to.deep.include({
      reason: 'DEPENDENCY_UNAVAILABLE',
      metadata: { dependency: 'blob' },
    });
    expect(thrown).to.have.property('retryAfterMs').that.is.above(0);
    await blob.azurite.restart();
    await eventually(
      async () => expect(await refusal(start(render(objectId)))).to.equal('answered'),
      {
        withinMs: 15_000,
      },
    );
  });
});
