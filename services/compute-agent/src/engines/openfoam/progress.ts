import type { LogRow } from '#libs/openfoam/index.ts';
import type { Progress } from '../engine.ts';

/** Fields that tell most about how far a solution is, in this order. */
const TELLING = ['p', 'p_rgh', 'Ux', 'h', 'T'];

/** How far a solver is, for people. Its end is known for sure only of solvers that do not stop once they converged. */
export const progressOf = (
  row: Pick<LogRow, 'time' | 'at' | 'values'>,
  { from, endTime }: { from: number; endTime: number | undefined },
  elapsedSeconds: number,
): Progress => {
  const names = [...row.values.keys()];
  // Of several regions, the first that tells.
  const tells = TELLING.map((field) =>
    names.find((name) => name === field || name.endsWith(`:${field}`)),
  );
  const name = tells.find((each) => each !== undefined) ?? names[0];
  const residual = name === undefined ? undefined : row.values.get(name);
  const text = `Time = ${row.time}${
    residual === undefined ? '' : `, ${name} ${Number(residual.toPrecision(2))}`
  }`;
  const part = endTime === undefined ? Number.NaN : (row.at - from) / (endTime - from);
  if (!Number.isFinite(part) || part <= 0) {
    return { fraction: undefined, text: text.slice(0, 200) };
  }
  const fraction = Math.min(part, 1);
  return {
    fraction,
    text: text.slice(0, 200),
    remainingSeconds: (elapsedSeconds * (1 - fraction)) / fraction,
  };
};
