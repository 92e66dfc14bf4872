import { parseNumberList } from './number-list.ts';

/** Whether a list of tasks contains the task `<node>/<index>`. */
export type TaskList = (index: number, node: string) => boolean;

/**
 * Reads tasks as the mesh writes them: `1-10,20-40x2` where a workload has one node, `mesh/0-2,solve/1` where it has several.
 * Undefined where the list is malformed.
 */
export const parseTaskList = (text: string): TaskList | undefined => {
  if (!text.includes('/')) {
    return parseNumberList(text);
  }
  const parts = Map.groupBy(text.split(','), (part) => part.slice(0, part.indexOf('/')).trim());
  const lists = new Map(
    [...parts].map(([node, own]) => [
      node,
      parseNumberList(own.map((part) => part.slice(part.indexOf('/') + 1)).join(',')),
    ]),
  );
  if ([...lists.values()].includes(undefined)) {
    return undefined;
  }
  return (index, node) => lists.get(node)?.(index) ?? false;
};
