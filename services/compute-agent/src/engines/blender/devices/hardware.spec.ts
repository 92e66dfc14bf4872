import { chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { backends } from './backends.ts';
import { hardwareFor } from './hardware.ts';

const NODES = {
  'dev/nvidia0': 0,
  'dev/nvidia-uvm': 0,
  'dev/nvidia-caps/nvidia-cap1': 0,
  'dev/dri/card0': 44,
  'dev/dri/renderD128': 105,
  'dev/kfd': 105,
  'dev/null': 7,
};

describe('hardwareFor', () => {
  let dir: TempDir;
  const isRoot = process.getuid?.() === 0;
  const at = (path: string): string => join(dir.path, path);
  const found = async (...of: Parameters<typeof hardwareFor>[0]) => {
    const { nodes, folders, groups } = await hardwareFor(of, dir.path);
    const short = (paths: readonly string[]) => paths.map((path) => path.slice(dir.path.length));
    return {
      nodes: short(nodes),
      folders: short(folders),
      groups: groups.toSorted((a, b) => a - b),
    };
  };
  before(async () => {
    dir = await tempDir();
    for (const [node, group] of Object.entries(NODES)) {
      await mkdir(dirname(at(node)), { recursive: true });
      await writeFile(at(node), '');
      if (isRoot) {
        await chown(at(node), 0, group);
      }
    }
    await mkdir(at('opt/rocm-6.1'), { recursive: true });
  });
  after(() => dir[Symbol.asyncDispose]());

  it('gives each backend what is there of its own nodes and folders, and nothing else', async () => {
    const nvidia = ['/dev/nvidia-caps', '/dev/nvidia-uvm', '/dev/nvidia0'];
    for (const backend of ['OPTIX', 'CUDA'] as const) {
      expect(await found(backend)).to.deep.include({ nodes: nvidia, folders: [] });
    }
    expect(await found('HIP')).to.deep.include({
      nodes: ['/dev/dri', '/dev/kfd'],
      folders: ['/opt/rocm-6.1'],
    });
    expect(await found('ONEAPI')).to.deep.include({ nodes: ['/dev/dri'], folders: [] });
    expect((await found(...backends)).nodes).to.deep.equal(['/dev/dri', '/dev/kfd', ...nvidia]);
  });

  it('names the groups that may use the nodes, also those in folders, but never root’s', async function () {
    if (!isRoot) {
      this.skip();
    }
    expect((await found('ONEAPI')).groups).to.deep.equal([44, 105]);
    expect((await found('OPTIX')).groups).to.deep.equal([]);
  });
});
