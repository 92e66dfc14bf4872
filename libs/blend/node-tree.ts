import type { BlendRecord } from './record.ts';

/** NODE_MUTED in DNA_node_types.h. */
const MUTED = 1 << 9;

export const isMuted = (node: BlendRecord): boolean => (node.number('flag') & MUTED) !== 0;

/** Nodes from which the links lead back to everything that has an effect. The inputs of zones have no link to their outputs. */
const ENDS =
  /^(ShaderNodeOutput|TextureNodeOutput|NodeGroupOutput|CompositorNodeComposite|CompositorNodeOutputFile|GeometryNode\w+Input$|NodeClosureInput)/;

/** The nodes of a tree that are connected to an output. */
export const shownNodes = (tree: BlendRecord): BlendRecord[] => {
  const nodes = tree.list('nodes');
  const into = new Map<string, BlendRecord[]>();
  for (const link of tree.list('links')) {
    const [from, to] = [link.ref('fromnode'), link.ref('tonode')];
    if (from !== undefined && to !== undefined) {
      into.set(to.key, [...(into.get(to.key) ?? []), from]);
    }
  }
  const waiting = nodes.filter((node) => ENDS.test(node.text('idname')));
  const shown = new Map<string, BlendRecord>();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!shown.has(node.key)) {
      shown.set(node.key, node);
      waiting.push(...(into.get(node.key) ?? []));
    }
  }
  return [...shown.values()];
};
