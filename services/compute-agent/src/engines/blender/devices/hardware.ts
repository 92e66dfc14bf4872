import { glob, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hardware } from '#libs/sandbox/index.ts';
import { type Backend, BACKENDS } from './backends.ts';

const existing = async (patterns: readonly string[]): Promise<string[]> =>
  (await Array.fromAsync(glob([...new Set(patterns)]))).sort();

/** The group of a node; undefined if it is root's, or has gone meanwhile. */
const groupOf = (node: string): Promise<number | undefined> =>
  stat(node).then(
    ({ gid }) => gid || undefined,
    () => undefined,
  );

/**
 * What renderers with these backends may use of this machine. Looked for each time, because drivers make nodes when they are needed.
 *
 * @param root the folder that holds /dev and /opt
 */
export const hardwareFor = async (of: readonly Backend[], root = '/'): Promise<Hardware> => {
  const below = (what: 'nodes' | 'folders'): string[] =>
    of.flatMap((backend) => BACKENDS[backend][what].map((pattern) => join(root, pattern)));
  const nodes = await existing(below('nodes'));
  // Some nodes are folders of nodes.
  const groups = (await existing(nodes.flatMap((node) => [node, join(node, '*')]))).map(groupOf);
  return {
    nodes,
    folders: await existing(below('folders')),
    groups: [...new Set(await Promise.all(groups))].filter((group) => group !== undefined),
  };
};
