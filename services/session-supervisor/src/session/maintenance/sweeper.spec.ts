import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { collection } from '#libs/mongo/index.ts';
import { testLog } from '#libs/testing/index.ts';
import type { Context } from '../../context.ts';
import { everyEntry } from '../../domain/fixtures/workload.ts';
import { openMesh, type TestMesh } from '../../fixtures/mesh.ts';
import { plant } from '../../fixtures/plant.ts';
import { createWorkloadStore } from '../../store/workloads.ts';
import { sweepRound } from './sweeper.ts';

describe('the sweeper', function () {
  this.timeout(20_000);
  let mesh: TestMesh;
  before(async () => {
    mesh = await openMesh();
  });
  after(() => mesh[Symbol.asyncDispose]());

  /** The dependencies of a sweep, with these blobs in the store. */
  const contextWith = (blobs: Set<string>, keepings: unknown[][] = []): Context =>
    ({
      workloads: createWorkloadStore(collection(mesh.db, 'workloads')),
      journal: mesh.journal,
      clock: systemClock,
      logger: testLog,
      blob: {
        list: async function* (prefix: string) {
          for (const blobName of blobs) {
            if (blobName.startsWith(prefix)) {
              yield { blobName };
            }
          }
        },
        remove: async (blobName: string) => void blobs.delete(blobName),
        keepParts: async (workload: string, checkpoints: readonly string[]) => {
          keepings.push([workload, checkpoints]);
          return 0;
        },
      },
    }) as unknown as Context;
  const due = async (id: string, at: Date): Promise<void> => {
    await mesh.db
      .collection('workloads')
      .updateOne({ _id: id as never }, { $set: { sweepAt: at } });
  };
  const signal = new AbortController().signal;

  it('removes results that were not accepted from a closed workload, or all results if that was asked for', async () => {
    const result = (id: string, attempt: string): string => `results/${id}/noop/1/0-${attempt}.bin`;
    const further = (id: string) => ({
      blob: result(id, '0-1.1'),
      sha256: '',
      sizeBytes: 1,
      pixelHash: '',
      ending: '_R.bin',
    });
    const entries = (id: string, deleteResults: boolean) => [
      [everyEntry.started],
      [
        { ...everyEntry.accepted, attempt: '0-1', blob: result(id, '0-1'), files: [further(id)] },
        { ...everyEntry['attempt-failed'], log: `logs/${id}/noop/2/0-0-3.log` },
      ],
      [{ ...everyEntry.stopped, deleteResults }],
      [everyEntry.closed],
    ];
    const [keep, remove, open] = [await plant(mesh), await plant(mesh), await plant(mesh)];
    for (const [of, deletes] of [
      [keep, false],
      [remove, true],
    ] as const) {
      const documents = entries(of.id, deletes).map((some, i) => ({
        workload: of.id,
        n: i + 1,
        appendId: `${i}`,
        by: '',
        at: new Date(),
        entries: some,
      }));
      for (const document of documents) {
        await mesh.journal.insert(document);
      }
    }
    const ids = [keep.id, remove.id, open.id];
    for (const id of ids) {
      await due(id, new Date(0));
    }
    // Names of earlier versions have no tag.
    const stored = (id: string, attempt: string): string[] => [
      result(id, attempt),
      `previews/${id}/noop/1/0-${attempt}-${'ab'.repeat(12)}.jpg`,
      `logs/${id}/noop/1/0-${attempt}-${'ab'.repeat(12)}.log`,
      `previews/${id}/noop/1/0-${attempt}.jpg`,
      `logs/${id}/noop/1/0-${attempt}.log`,
    ];
    const failedLog = (id: string): string => `logs/${id}/noop/2/0-0-3.log`;
    const blobs = new Set(
      ids.flatMap((id) => [
        ...stored(id, '0-1'),
        further(id).blob,
        ...stored(id, '0-2'),
        failedLog(id),
      ]),
    );
    expect(await sweepRound(contextWith(blobs), signal)).to.equal(17);
    expect([...blobs]).to.deep.equal([
      ...stored(keep.id, '0-1'),
      further(keep.id).blob,
      failedLog(keep.id),
      ...stored(open.id, '0-1'),
      further(open.id).blob,
      ...stored(open.id, '0-2'),
      failedLog(open.id),
    ]);
    expect(await sweepRound(contextWith(blobs), signal)).to.equal(0);
  });

  it('removes parts and checkpoints after results, but not those of a parked workload', async () => {
    const accepted = { ...everyEntry.accepted, attempt: '0-1' };
    const over = await plant(mesh, {
      entries: [[accepted], [everyEntry.stopped], [everyEntry.closed]],
    });
    const parked = await plant(mesh, {
      entries: [[accepted], [everyEntry.parked], [everyEntry.closed]],
    });
    for (const { id } of [over, parked]) {
      await due(id, new Date(0));
    }
    const blobs = new Set([over, parked].map(({ id }) => `results/${id}/noop/1/0-0-9.parts`));
    const keepings: unknown[][] = [];
    await sweepRound(contextWith(blobs, keepings), signal);
    expect([...blobs]).to.deep.equal([]);
    expect(keepings).to.deep.equal([[over.id, []]]);
  });

  it('goes on with other workloads if one cannot be swept, and tries that one again', async () => {
    const broken = await plant(mesh, { entries: [[{ kind: 'repaired' } as never]] });
    const fine = await plant(mesh, { entries: [[everyEntry.stopped], [everyEntry.closed]] });
    await due(broken.id, new Date(0));
    await due(fine.id, new Date(1));
    const blobs = new Set([`results/${fine.id}/noop/1/0-0-1.bin`]);
    expect(await sweepRound(contextWith(blobs), signal)).to.equal(1);
    expect((await mesh.document(broken.id))?.sweepAt?.getTime()).to.be.above(Date.now());
  });
});
