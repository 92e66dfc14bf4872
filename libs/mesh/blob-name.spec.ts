import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type BlobName, formatBlobName, isManifest, parseBlobName } from './index.ts';

const names: [string, BlobName][] = [
  [
    'uploads/c0123456789abcdef0123456789abcdef/b-abcdefghijklmnop',
    { kind: 'upload', owner: 'c0123456789abcdef0123456789abcdef', id: 'b-abcdefghijklmnop' },
  ],
  [
    'results/w-1/frames/17/0-3-41.png',
    {
      kind: 'result',
      workload: 'w-1',
      task: 'frames/17',
      generation: 0,
      attempt: '3-41',
      extension: 'png',
    },
  ],
  [
    'results/w-1/frames/5/2-0-1.exr',
    {
      kind: 'result',
      workload: 'w-1',
      task: 'frames/5',
      generation: 2,
      attempt: '0-1',
      extension: 'exr',
    },
  ],
  [
    'results/w-1/frames/5/2-0-1.12.exr',
    {
      kind: 'result',
      workload: 'w-1',
      task: 'frames/5',
      generation: 2,
      attempt: '0-1',
      part: 12,
      extension: 'exr',
    },
  ],
  [
    'logs/w-1/noop/0/0-0-1.log',
    { kind: 'log', workload: 'w-1', task: 'noop/0', generation: 0, attempt: '0-1' },
  ],
  [
    'previews/w-1/frames/17/1-0-1.jpg',
    { kind: 'preview', workload: 'w-1', task: 'frames/17', generation: 1, attempt: '0-1' },
  ],
];

const tag = '0123456789abcdef01234567';
const attempt = { workload: 'w-1', task: 'frames/5', generation: 2, attempt: '0-1', tag };
names.push(
  [`results/w-1/frames/5/2-0-1-${tag}.exr`, { kind: 'result', ...attempt, extension: 'exr' }],
  [
    `results/w-1/frames/5/2-0-1-${tag}.12.exr`,
    { kind: 'result', ...attempt, part: 12, extension: 'exr' },
  ],
  [`logs/w-1/frames/5/2-0-1-${tag}.log`, { kind: 'log', ...attempt }],
  [`previews/w-1/frames/5/2-0-1-${tag}.jpg`, { kind: 'preview', ...attempt }],
  [
    `results/w-1/frames/5/2-0-1-${tag}.1.parts`,
    { kind: 'result', ...attempt, part: 1, extension: 'parts' },
  ],
  [`results/w-1/frames/5/2-0-1-${tag}.parts`, { kind: 'result', ...attempt, extension: 'parts' }],
  [`checkpoints/w-1/frames/5/2-0-1-${tag}.7.parts`, { kind: 'checkpoint', ...attempt, number: 7 }],
  [
    `checkpoints/w-1/frames/5/2-0-1-${tag}.999999.parts`,
    { kind: 'checkpoint', ...attempt, number: 999_999 },
  ],
  [`parts/w-1/${'0af9'.repeat(16)}`, { kind: 'part', workload: 'w-1', sha256: '0af9'.repeat(16) }],
);

describe('blob names', () => {
  it('read back as what they were made of', () => {
    for (const [text, name] of names) {
      expect(formatBlobName(name)).to.equal(text);
      expect(parseBlobName(text)).to.deep.equal(name);
    }
  });

  it('are nothing but what the mesh makes: no way out of a folder, no second spelling, no other alphabet', () => {
    const bad = [
      '',
      '/',
      'uploads',
      'uploads/',
      'uploads/a',
      'uploads/a/b/c',
      'uploads/../results/w-1/frames/1/0-0-1.png',
      'uploads/a/..',
      'uploads/a/.',
      'uploads/a//b',
      '/uploads/a/b',
      'results/w-1/frames/5/2-0-1.0.exr',
      'results/w-1/frames/5/2-0-1.01.exr',
      'results/w-1/frames/5/2-0-1.1000.exr',
      'results/w-1/frames/5/2-0-1.1.2.exr',
      'uploads\\a\\b',
      'uploads/a/b\\c',
      'uploads/A/b',
      'uploads/a/b\n',
      'uploads/a/b\0',
      'uploads/a/%2e%2e',
      'uploads/a/ü',
      `uploads/a/${'b'.repeat(41)}`,
      'x'.repeat(2_000),
      `uploads/a/${'b'.repeat(2_000)}`,
      'results/w-1/frames/007/0-3-41.png',
      'results/w-1/frames/-0/0-3-41.png',
      'results/w-1/frames/-5/0-3-41.png',
      'results/w-1/frames/17/0-03-41.png',
      'results/w-1/frames/1000000000/0-3-41.png',
      'results/w-1/1frames/1/0-3-41.png',
      'results/w-1/frames/17/00-3-41.png',
      'results/w-1/frames/17/0-3-41',
      'results/w-1/frames/17/0-3-41.PNG',
      'results/w-1/frames/17/0-3-41.toolong',
      'results/w-1/frames/0-3-41.png',
      `results/w-1/frames/5/2-0-1-${tag}0.exr`,
      `results/w-1/frames/5/2-0-1-${tag.toUpperCase()}.exr`,
      'results/w-1/frames/5/2-0-1-.exr',
      'logs/w-1/frames/17/0-3-41.png',
      'results/w-1/frames/17/0-3-41.png/../x.png',
      'results/w-1/frames/5/2-0-1.100000.exr',
      `checkpoints/w-1/frames/5/2-0-1-${tag}.parts`,
      `checkpoints/w-1/frames/5/2-0-1-${tag}.0.parts`,
      `checkpoints/w-1/frames/5/2-0-1-${tag}.01.parts`,
      `checkpoints/w-1/frames/5/2-0-1-${tag}.1000000.parts`,
      `checkpoints/w-1/frames/5/2-0-1-${tag}.1.png`,
      `logs/w-1/frames/5/2-0-1-${tag}.1.log`,
      `parts/w-1/${'0AF9'.repeat(16)}`,
      `parts/w-1/${'0'.repeat(63)}`,
      `parts/w-1/${'0'.repeat(65)}`,
      `parts/w-1/x/${'0'.repeat(64)}`,
      `parts/../${'0'.repeat(64)}`,
    ];
    for (const text of bad) {
      expect(parseBlobName(text), JSON.stringify(text)).to.equal(undefined);
    }
  });

  it('say whether their blob is a manifest', () => {
    const manifests = names.filter(([, name]) => isManifest(name)).map(([text]) => text);
    expect(manifests).to.deep.equal(
      names
        .map(([text]) => text)
        .filter((text) => text.endsWith(`${tag}.parts`) || text.startsWith('checkpoints/')),
    );
  });
});
