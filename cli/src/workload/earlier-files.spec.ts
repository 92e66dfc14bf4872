import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Result } from '#libs/contracts/session.ts';
import { tempDir } from '#libs/testing/index.ts';
import { testCli } from '../fixtures/test-cli.ts';
import { createOutput } from '../output.ts';
import { earlierFiles, mixtureFields, mixtureOf, tellEarlier } from './earlier-files.ts';

const frames = Array.from({ length: 5 }, (_, i) => `frame_000${i + 1}.png`);

describe('earlier files', () => {
  it('are what looks like results of the kind, in order', async () => {
    await using dir = await tempDir();
    const others = [
      'frame_1.png',
      'notes.txt',
      'frame_0009.png.0123456789ab.part',
      'task_0001.bin',
    ];
    for (const name of [...others, 'frame_0002_L.exr', 'frame_0001.png']) {
      await writeFile(join(dir.path, name), '');
    }
    expect(await earlierFiles(dir.path, 'frame')).to.deep.equal([
      'frame_0001.png',
      'frame_0002_L.exr',
    ]);
    expect(await earlierFiles(join(dir.path, 'none'), 'frame')).to.deep.equal([]);
  });

  it('are named before results come to them', () => {
    const { cli, said } = testCli();
    tellEarlier(createOutput(cli, true), '/frames', frames);
    expect(said.stderr).to.equal(
      'muster: /frames holds 5 earlier files: frame_0001.png, frame_0002.png, frame_0003.png and 2 more; new ones of the same name take their place; for another folder: --out DIR\n',
    );
  });

  it('were replaced, or are still there beside the results', () => {
    const one = { result: Result.fromPartial({ task: 'frames/1' }), path: '/out/frame_0001.png' };
    const fetched = new Map([['frames/1', { ...one, further: ['/out/frame_0001_R.png'] }]]);
    const mixture = mixtureOf('/out', [...frames, 'frame_0001_R.png'], {
      fetched,
      replaced: new Set(['/out/frame_0001.png']),
    });
    expect(mixtureFields(mixture)).to.deep.equal({
      mixed: {
        directory: '/out',
        replaced: { count: 1, files: ['frame_0001.png'] },
        others: { count: 4, files: frames.slice(1) },
      },
    });
    expect(mixtureFields({ directory: '/out', replaced: [], others: [] })).to.deep.equal({});
  });
});
