/** The name of a task within a workload, in all parts of the mesh: `frames/17`, `solve/0`. */
export interface TaskKey {
  /** A node of the workload's graph. */
  node: string;
  /** Which of the node's tasks: a frame number, or a number from 0 on. Below a thousand million. */
  index: number;
}

const NODE = '[a-z][a-z0-9-]{0,31}';
const INDEX = '(?:0|[1-9]\\d{0,8})';

/** The pattern of a key without anchors, for names that contain one. */
export const TASK_KEY = `${NODE}/${INDEX}`;

const node = new RegExp(`^${NODE}$`);
const key = new RegExp(`^(${NODE})/(${INDEX})$`);

/** Whether a node may be called so. */
export const isNode = (text: string): boolean => node.test(text);

export const isTaskKey = (text: string): boolean => key.test(text);

/** Reads a key; undefined if it is none. {@link formatTaskKey} gives the same text back. */
export const parseTaskKey = (text: string): TaskKey | undefined => {
  const found = key.exec(text);
  return found?.[1] === undefined ? undefined : { node: found[1], index: Number(found[2]) };
};

/** Writes a key; it does not check it. */
export const formatTaskKey = ({ node: name, index }: TaskKey): string => `${name}/${index}`;
