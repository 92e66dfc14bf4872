import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { execFile } from 'node:child_process';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { needs, tempDir, type TempDir } from '#libs/testing/index.ts';
import { HEAD_BYTES, noWork, readBlendHead } from './head.ts';

/** Saves every file of the specs below. The picture of noise makes the compressed file one of many zstd frames. */
const SAVE = `
import bpy, os, sys
folder = sys.argv[sys.argv.index('--') + 1]

def save(name, compress):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, name), compress=compress)

scene = bpy.context.scene
scene.frame_start, scene.frame_end = 0, 24
save('raw.blend', False)
save('zstd.blend', True)
second = bpy.data.scenes.new('Zweite Szene ü')
second.frame_start, second.frame_end = 100, 1048574
save('first-of-two.blend', False)
bpy.context.window.scene = second
save('second-of-two.blend', True)
noise = bpy.data.images.new('noise', 1024, 1024)
noise.pixels = [byte / 255 for byte in os.urandom(1024 * 1024 * 4)]
noise.pack()
noise.use_fake_user = True
save('large.blend', True)
`;

const FIRST = { name: 'Scene', firstFrame: 0, lastFrame: 24 };
const SECOND = { name: 'Zweite Szene ü', firstFrame: 100, lastFrame: 1_048_574 };

describe('readBlendHead, of scenes that Blender saved', () => {
  let folder: TempDir;
  let version = '';

  before(needs('blender'));
  before(async function saveScenes() {
    this.timeout(60_000);
    folder = await tempDir();
    const script = join(folder.path, 'save.py');
    await writeFile(script, SAVE);
    const options = [
      '--background',
      '--factory-startup',
      '--disable-autoexec',
      '--python-exit-code',
      '1',
    ];
    const { stdout } = await promisify(execFile)('blender', [
      ...options,
      '--python',
      script,
      '--',
      folder.path,
    ]);
    version = /^Blender (\d+\.\d+)/m.exec(stdout)?.[1] ?? '';
  });
  after(async () => {
    await folder?.[Symbol.asyncDispose]();
  });

  const headOf = async (name: string): Promise<Uint8Array> => {
    await using file = await open(join(folder.path, name));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  };

  it('reads version, word size and frame range, raw', async () => {
    const head = readBlendHead(await headOf('raw.blend'));
    expect(head).to.deep.include({
      versionText: version,
      pointerBits: 64,
      endian: 'little',
      compression: 'none',
    });
    expect(head.scenes).to.deep.equal([FIRST]);
  });

  it('reads the same from zstd and gzip', async () => {
    const { compression: _, ...raw } = readBlendHead(await headOf('raw.blend'));
    const gzip = gzipSync(await readFile(join(folder.path, 'raw.blend'))).subarray(0, HEAD_BYTES);
    expect(readBlendHead(gzip)).to.deep.equal({ ...raw, compression: 'gzip' });
    expect(readBlendHead(await headOf('zstd.blend'))).to.deep.equal({
      ...raw,
      compression: 'zstd',
    });
  });

  it('finds the current scene among several', async () => {
    expect(readBlendHead(await headOf('first-of-two.blend')).scenes).to.deep.equal([FIRST]);
    expect(readBlendHead(await headOf('second-of-two.blend')).scenes).to.deep.equal([SECOND]);
  });

  it('reads megabytes of zstd from their head, in one pass', async () => {
    expect((await stat(join(folder.path, 'large.blend'))).size).to.be.above(2_000_000);
    const work = noWork();
    expect(readBlendHead(await headOf('large.blend'), work).scenes).to.deep.equal([SECOND]);
    expect(work).to.deep.include({ passes: 1 });
  });
});
