/** Sets of task indices, such as frames, and the expressions that people write for them. Pure. */
export { parseIndices } from './index-expression.ts';
export {
  indexAt,
  indicesBetween,
  indicesOf,
  indicesToText,
  MAX_INDEX,
  ordinalOf,
  subsetToText,
  type IndexSet,
} from './index-set.ts';
export { onlyOuterNode, parseTasks, type NamedNodes, type NodeTasks } from './task-expression.ts';
