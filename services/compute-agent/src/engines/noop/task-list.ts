/** Whether a list of numbers contains a number. The mesh writes such a list as `1-10,20-40x2`. */
type NumberList = (value: number) => boolean;

/** Whether a list of tasks contains the task `<node>/<index>`. */
type TaskList = (index: number, node: string) => boolean;

const PART = /^(\d{1,7})(?:-(\d{1,7})(?:x(\d{1,7}))?)?$/;

/** Reads such a list. An empty one contains nothing. Undefined if it is malformed. */
export const parseNumberList = (text: string): NumberList | undefined => {
  const ranges: { first: number; last: number; step: number }[] = [];
  for (const part of text === '' ? [] : text.split(',')) {
    const [, from, to = from, step = '1'] = PART.exec(part.trim()) ?? [];
    if (from === undefined || Number(step) === 0) {
      return undefined;
    }
    ranges.push({ first: Number(from), last: Number(to), step: Number(step) });
  }
  return (value) =>
    ranges.some(({ first, last, step }) => {
      const isWithin = value >= Math.min(first, last) && value <= Math.max(first, last);
      return isWithin && Math.abs(value - first) % step === 0;
    });
};

/** Reads tasks: `1-10,20-40x2` where a workload has one node, `mesh/0-2,solve/1` where it has several. Undefined if malformed. */
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
