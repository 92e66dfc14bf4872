import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { tempDir } from '#libs/testing/index.ts';
import { oldFile, type OldBlock } from './fixtures/old-file.ts';
import { openSource, readBlendFile, rootsOf, trace } from './index.ts';

const CURVE = 2;
const EMPTY = 0;
const HIDDEN = 4;

/** Objects in a row; each has the id 100, 101, … and its place in the scene's list 200, 201, …. */
const sceneOf = (objects: readonly Record<string, number>[]): OldBlock[] => [
  {
    code: 'SC',
    struct: 'Scene',
    id: 10,
    values: { 'id.name': 'SCScene', 'base.first': 200, lay: 0b11 },
  },
  ...objects.flatMap((values, i): OldBlock[] => [
    {
      code: 'DATA',
      struct: 'Base',
      id: 200 + i,
      values: { object: 100 + i, ...(i + 1 < objects.length && { next: 201 + i }) },
    },
    {
      code: 'OB',
      struct: 'Object',
      id: 100 + i,
      values: { 'id.name': `OBobject ${i}`, lay: 1, type: CURVE, ...values },
    },
  ]),
];

const text = (id: number, font: string, more: Record<string, number> = {}): OldBlock[] => [
  {
    code: 'CU',
    struct: 'Curve',
    id,
    values: { 'id.name': `CU${id}`, vfont: id + 1, ...more },
  },
  { code: 'VF', struct: 'VFont', id: id + 1, values: { 'id.name': `VF${id}`, name: font } },
];

const traceOf = async (blocks: readonly OldBlock[]): Promise<ReturnType<typeof trace>> => {
  await using dir = await tempDir();
  const path = join(dir.path, 'old.blend');
  await writeFile(path, oldFile(blocks));
  await using source = await openSource(path);
  const file = await readBlendFile(source);
  return trace(
    file,
    rootsOf(file, (name) => name.startsWith('SC')),
  );
};

describe('what a .blend from before 2.8 reads', () => {
  it('is what the objects on the layers of its pictures read', async () => {
    const { uses } = await traceOf([
      ...sceneOf([
        { data: 300 },
        { data: 310, lay: 0b110 },
        { data: 320, lay: 0b100 },
        { data: 330, restrictflag: HIDDEN },
      ]),
      ...text(300, '//shown.ttf'),
      ...text(310, '//on-two-layers.ttf'),
      ...text(320, '//on-another-layer.ttf'),
      ...text(330, '//hidden.ttf'),
    ]);
    expect(uses.map(({ path }) => path)).to.have.members(['//shown.ttf', '//on-two-layers.ttf']);
  });

  it('includes the library of a group that an empty shows', async () => {
    const { linked, uses } = await traceOf([
      ...sceneOf([{ type: EMPTY, dup_group: 400 }]),
      { code: 'ID', struct: 'ID', id: 400, values: { name: 'GRhouse', lib: 401 } },
      {
        code: 'LI',
        struct: 'Library',
        id: 401,
        values: { 'id.name': 'LIhouse', name: '//house.blend' },
      },
    ]);
    expect([...linked].map(([path, names]) => [path, ...names])).to.deep.equal([
      ['//house.blend', 'GRhouse'],
    ]);
    expect(uses.map(({ path }) => path)).to.deep.equal(['//house.blend']);
  });

  it('includes all materials, but not the textures of the renderer of that time', async () => {
    const { uses } = await traceOf([
      ...sceneOf([{ data: 300 }]),
      ...text(300, '//shown.ttf', { 'mat[1]': 500, faces: 540 }),
      { code: 'DATA', struct: 'MTexPoly', id: 540, values: { tpage: 550 } },
      {
        code: 'MA',
        struct: 'Material',
        id: 500,
        values: { 'id.name': 'MApaint', 'mtex[1]': 510, ima: 520 },
      },
      { code: 'TE', struct: 'Tex', id: 510, values: { 'id.name': 'TEold', ima: 530 } },
      ...[520, 530, 550].map((id): OldBlock => ({
        code: 'IM',
        struct: 'Image',
        id,
        values: { 'id.name': `IM${id}`, name: `//${id}.png`, source: 1 },
      })),
    ]);
    expect(uses.map(({ path }) => path)).to.have.members(['//shown.ttf', '//520.png']);
  });
});

describe('a .blend with more blocks than people make', () => {
  it('is not looked through to its end', async () => {
    await using dir = await tempDir();
    const path = join(dir.path, 'blocks.blend');
    const head = Buffer.from('BLENDER-v279');
    const block = Buffer.concat([Buffer.from('DATA'), Buffer.alloc(20)]);
    await writeFile(path, Buffer.concat([head, Buffer.alloc(block.length * 500_001, block)]));
    await using source = await openSource(path);
    const read = await readBlendFile(source).catch(String);
    expect(read).to.equal('RangeError: the file has more than 500000 blocks');
  });
});
