import { glob, stat } from 'node:fs/promises';
import type { Hardware } from '../../../sandbox/index.ts';
import { type Backend, BACKENDS } from './backends.ts';

const existing = async (patterns: readonly string[]): Promise<string[]> =>
  (await Array.fromAsync(glob([...new Set(patterns)]))).sort();

/** What renderers with these backends may use of this machine. Looked for each time, because drivers make nodes when they are needed. */
export const hardwareFor = async (of: readonly Backend[]): Promise<Hardware> => {
  const nodes = await existing(of.flatMap((backend) => BACKENDS[backend].nodes));
  const folders = await existing(of.flatMap((backend) => BACKENDS[backend].folders));
  const files = await existing(nodes.flatMap((node) => [node, `${node}/*`]));
  const groups = await Promise.all(files.map((file) => stat(file).then(({ gid }) => gid)));
  return { nodes, folders, groups: [...new Set(groups)].filter((group) => group !== 0) };
};
