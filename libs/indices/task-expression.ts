import { indicesInvalid, type IndexSet } from './index-set.ts';
import { parseIndices } from './index-expression.ts';

/*
 * The text of a task set. Each part names its node, or belongs to the node named last: `mesh/0-2,solve/1,7`. Where only one
 * node is not inner, its name can be left out before the first other one, and is: `1-40,50`.
 */

/** A node by its name. The results of an inner one are no results of the workload. */
interface NamedNode {
  readonly id: string;
  readonly isInner?: true;
}

export interface NamedNodes {
  readonly nodes: readonly NamedNode[];
}

/** The only node whose results are the workload's; undefined if there are several. */
export const onlyOuterNode = <N extends Pick<NamedNode, 'isInner'>>(
  nodes: readonly N[],
): N | undefined => {
  const outer = nodes.filter(({ isInner }) => isInner !== true);
  return outer.length === 1 ? outer[0] : undefined;
};

/** The indices of one node that a text names. */
export interface NodeTasks {
  readonly node: string;
  readonly indices: IndexSet;
}

const NAMED = /^\s*([a-z][a-z0-9-]{0,31})\//;

/**
 * Reads a text that is not empty. It may name nodes and indices that the workload lacks. Throws as `parseIndices` does, with
 * a position within the part of one node, and `FRAMES_INVALID` for a part without a node.
 */
export const parseTasks = ({ nodes }: NamedNodes, text: string): NodeTasks[] => {
  const parts = new Map<string, string[]>();
  let node = onlyOuterNode(nodes)?.id;
  for (const part of text.split(',')) {
    const named = NAMED.exec(part);
    node = named?.[1] ?? node;
    if (node === undefined) {
      const steps = nodes.map(({ id }) => `${id}/…`).join(' or ');
      throw indicesInvalid(1, `a step (${steps})`, part, `${nodes[0]?.id}/0-2,7`);
    }
    const list = parts.get(node) ?? [];
    list.push(named === null ? part : part.slice(named[0].length));
    parts.set(node, list);
  }
  return [...parts].map(([id, list]) => ({ node: id, indices: parseIndices(list.join(',')) }));
};
