import { expect } from 'chai';
import { describe, it } from 'mocha';
import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isDomainError, status } from '#libs/errors/index.ts';
import {
  block,
  buildHead,
  fileHeader,
  type HeadShape,
  PACKINGS,
  renderInfo,
  SHAPES,
  zstdInFrames,
} from './fixtures/head.ts';
import { chooseScene, HEAD_BYTES, noWork, readBlendHead } from './head.ts';

const recent: HeadShape = SHAPES['3.4, 64 bit'];
const wide: HeadShape = SHAPES['5.0, 17-byte header, three scenes'];

const reasonOf = (bytes: Uint8Array): string => {
  try {
    readBlendHead(bytes);
    return 'read';
  } catch (thrown) {
    expect(isDomainError(thrown), String(thrown)).to.equal(true);
    return isDomainError(thrown) ? thrown.reason : '';
  }
};

describe('readBlendHead', () => {
  for (const [kind, shape] of Object.entries(SHAPES)) {
    for (const [packing, pack] of Object.entries(PACKINGS)) {
      it(`reads version, frames and scenes of ${kind}, ${packing}`, () => {
        const head = readBlendHead(pack(buildHead(shape)));
        expect(head.versionText).to.equal(kind.slice(0, kind.indexOf(',')));
        expect(head).to.deep.include({
          pointerBits: shape.bits,
          endian: shape.endian,
          scenes: shape.scenes,
        });
        expect(head.compression).to.equal(packing.slice(0, 4).replace('raw', 'none'));
      });
    }
  }

  it('counts minors with two digits until 2.93 and from 0 since 3.0', () => {
    const versions = ['250', '280', '293', '300', '402'].map(
      (version) => readBlendHead(buildHead({ ...recent, version })).versionText,
    );
    expect(versions).to.deep.equal(['2.50', '2.80', '2.93', '3.0', '4.2']);
  });

  it('reads a first zstd block of nearly 128 KiB, and zstd data of several blocks', () => {
    const bytes = Buffer.concat([buildHead(recent), randomBytes(500_000)]);
    expect(readBlendHead(zstdCompressSync(bytes).subarray(0, HEAD_BYTES)).scenes).to.deep.equal(
      recent.scenes,
    );
  });

  it('reads gzip data that is damaged or huge after the head', () => {
    const bytes = gzipSync(
      Buffer.concat([buildHead({ ...recent, thumbnailBytes: 40_000_000 }), randomBytes(2_000)]),
    );
    expect(readBlendHead(bytes).scenes).to.deep.equal(recent.scenes);
    expect(readBlendHead(bytes.fill(0xff, 700, 1_024)).scenes).to.deep.equal(recent.scenes);
  });

  it('skips a few blocks before the render infos', () => {
    const bytes = Buffer.concat([
      fileHeader(recent),
      block(recent, 'TEST', Buffer.alloc(65_000)),
      buildHead(recent).subarray(fileHeader(recent).length),
    ]);
    expect(readBlendHead(bytes).scenes).to.deep.equal(recent.scenes);
  });

  it('takes a name that fills its field, and one that is not UTF-8', () => {
    const name = 'n'.repeat(64);
    expect(
      readBlendHead(buildHead({ ...recent, scenes: [{ name, firstFrame: 1, lastFrame: 2 }] }))
        .scenes[0],
    ).to.include({ name });
    const bytes = buildHead(recent);
    bytes[bytes.indexOf('Scene')] = 0xff;
    expect(readBlendHead(bytes).scenes[0]?.name).to.equal('\ufffdcene');
  });

  it('refuses a file that is no Blender file, packed or not', () => {
    for (const text of [
      'hello, I am a text',
      'BLENDED-v304REND',
      'BLENDER+v304REND',
      'BLENDER-x304REND',
      'P',
      'BLENDER-v3x4',
    ]) {
      for (const pack of Object.values(PACKINGS)) {
        expect(reasonOf(pack(Buffer.from(text))), text).to.equal('NOT_A_BLEND_FILE');
      }
    }
  });

  it('names an empty, a truncated and a damaged file as such', () => {
    const bytes = buildHead(recent);
    expect(reasonOf(new Uint8Array())).to.equal('BLEND_FILE_EMPTY');
    for (const size of [1, 7, 11, 12, 20, 40, 107, 131]) {
      expect(reasonOf(bytes.subarray(0, size)), `${size} bytes`).to.equal('BLEND_FILE_TRUNCATED');
    }
    expect(reasonOf(gzipSync(bytes).subarray(0, 15))).to.equal('BLEND_FILE_DAMAGED');
    expect(reasonOf(zstdCompressSync(bytes).subarray(0, 15))).to.equal('BLEND_FILE_DAMAGED');
    expect(reasonOf(Buffer.from([0x1f, 0x8b, 0, 0, 0]))).to.equal('BLEND_FILE_DAMAGED');
  });

  it('refuses headers of a later format', () => {
    expect(reasonOf(Buffer.from('BLENDER19-01v0600__REND'))).to.equal('BLEND_FORMAT_UNKNOWN');
    expect(reasonOf(Buffer.from('BLENDER17-02v0600REND'))).to.equal('BLEND_FORMAT_UNKNOWN');
  });

  it('names version and cause if the frame range is unreadable', () => {
    const bytes = buildHead({ ...recent, scenes: [{ name: 'S', firstFrame: 9, lastFrame: 4 }] });
    expect(() => readBlendHead(bytes))
      .to.throw('name the frames')
      .that.deep.include({
        code: status.FAILED_PRECONDITION,
        metadata: { version: '3.4', detail: 'scene "S" claims the frames 9 to 4' },
      });
  });

  it('refuses implausible frames and blocks as FRAME_RANGE_UNREADABLE', () => {
    const broken = [
      ...[
        [5, 4],
        [-1, 4],
        [0, 1_048_575],
        [-(2 ** 31), 2 ** 31 - 1],
      ].map(([firstFrame = 0, lastFrame = 0]) =>
        buildHead({ ...recent, scenes: [{ name: 'S', firstFrame, lastFrame }] }),
      ),
      Buffer.concat([fileHeader(recent), block(recent, 'ENDB', Buffer.alloc(0)), Buffer.alloc(99)]),
      ...[-1, -(2 ** 31), 8, 2 ** 31 - 1].map((claimed) =>
        Buffer.concat([
          fileHeader(recent),
          block(recent, 'REND', Buffer.alloc(72), claimed),
          Buffer.alloc(99),
        ]),
      ),
      Buffer.concat([
        fileHeader(recent),
        ...Array<Buffer>(40).fill(block(recent, 'TEST', Buffer.alloc(0))),
      ]),
      Buffer.concat([
        fileHeader(recent),
        block(recent, 'TEST', Buffer.alloc(70_000)),
        Buffer.alloc(99),
      ]),
    ];
    for (const [index, bytes] of broken.entries()) {
      expect(reasonOf(bytes), `case ${index}`).to.equal('FRAME_RANGE_UNREADABLE');
    }
  });

  it('refuses a length of 2^63 in a 5.0 block head', () => {
    const bytes = buildHead(wide);
    bytes.writeBigInt64LE(2n ** 63n - 1n, 17 + 16);
    expect(reasonOf(bytes)).to.equal('FRAME_RANGE_UNREADABLE');
  });

  it('reads no more of hostile data than its bounds', () => {
    const info = block(
      recent,
      'REND',
      renderInfo(recent, { name: 'S', firstFrame: 1, lastFrame: 2 }),
    );
    const endless = Buffer.concat([fileHeader(recent), ...Array<Buffer>(9_000).fill(info)]);
    const zeros = Buffer.concat([
      buildHead({ ...recent, scenes: [] }).subarray(0, 12),
      Buffer.alloc(20_000_000),
    ]);
    // Packed, these are more than the bytes of a head.
    const shreds = zstdInFrames(endless.subarray(0, 150_000), 12);
    expect(shreds.length).to.be.greaterThan(HEAD_BYTES);
    for (const bytes of [
      endless,
      gzipSync(endless),
      zstdCompressSync(endless),
      gzipSync(zeros),
      shreds,
    ]) {
      const work = noWork();
      expect(() => readBlendHead(bytes, work))
        .to.throw()
        .with.property('reason', 'FRAME_RANGE_UNREADABLE');
      expect(work.passes).to.be.at.most(64);
      expect(work.unpackedBytes).to.be.at.most(32 * 65_536);
      expect(work.blocks).to.be.at.most(20_000);
    }
  });
});

const head = (...names: string[]) =>
  readBlendHead(
    buildHead({ ...recent, scenes: names.map((name) => ({ name, firstFrame: 1, lastFrame: 2 })) }),
  );

describe('chooseScene', () => {
  it('takes the only scene as the current one', () => {
    expect(chooseScene(head('A'), undefined)?.name).to.equal('A');
  });

  it('takes a named scene, and none if the head does not list it', () => {
    expect(chooseScene(head('A', 'B'), 'B')?.name).to.equal('B');
    expect(chooseScene(head('A'), 'Z')).to.equal(undefined);
  });

  it('lists the scenes if there are several and none is named', () => {
    expect(() => chooseScene(head('A', 'B'), undefined))
      .to.throw('A, B')
      .with.property('reason', 'SCENE_REQUIRED');
  });
});
