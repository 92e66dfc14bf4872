import { parse } from 'csv-parse/sync';
import type { SimulationCase, SimulationSetting } from '#libs/contracts/common.ts';
import { usage } from '../failures.ts';

/** As many cases as a workload may have. */
const MAX_CASES = 100_000;

/** An entry of a dictionary, and the values that it is to have. */
interface Axis {
  file: string;
  entry: string;
  values: readonly string[];
}

/** Reads `constant/transportProperties:nu=0.01,0.02`. A comma within brackets separates nothing. Throws INVALID_ARGUMENT `USAGE`. */
export const parseAxis = (text: string): Axis => {
  const equals = text.indexOf('=');
  const colon = text.slice(0, Math.max(equals, 0)).lastIndexOf(':');
  const file = text.slice(0, Math.max(colon, 0)).trim();
  const entry = text.slice(colon + 1, equals).trim();
  const values = splitOutside(text.slice(equals + 1));
  if (equals < 0 || file === '' || entry === '' || values.includes('')) {
    throw usage(
      `'${text}' sets nothing; write FILE:ENTRY=a,b, such as constant/transportProperties:nu=0.01,0.02`,
    );
  }
  return { file, entry, values };
};

const OPENING = '([{';
const CLOSING = ')]}';

/** The parts between commas that no bracket encloses. */
const splitOutside = (text: string): string[] => {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    depth += Number(OPENING.includes(letter)) - Number(CLOSING.includes(letter));
    if (letter === ',' && depth === 0) {
      parts.push('');
    } else {
      parts[parts.length - 1] += letter;
    }
  }
  return parts.map((part) => part.trim());
};

/** Every combination of the values, the last axis changing fastest. Throws INVALID_ARGUMENT `USAGE` if there are too many. */
export const productOf = (axes: readonly Axis[]): SimulationSetting[][] => {
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > MAX_CASES) {
    throw usage(`--set makes ${count} cases; a workload has at most ${MAX_CASES}`);
  }
  return axes.reduce<SimulationSetting[][]>(
    (rows, { file, entry, values }) =>
      rows.flatMap((row) => values.map((value) => [...row, { file, entry, value }])),
    [[]],
  );
};

/** The rows of a table in CSV: its head names `FILE:ENTRY`, its lines have the values. Throws INVALID_ARGUMENT `USAGE`. */
export const rowsOf = (csv: string): SimulationSetting[][] => {
  const [head = [], ...lines] = cellsOf(csv);
  const columns = head.map((cell) => {
    const colon = cell.lastIndexOf(':');
    return { file: cell.slice(0, Math.max(colon, 0)), entry: cell.slice(colon + 1) };
  });
  if (head.length === 0 || columns.some(({ file, entry }) => file === '' || entry === '')) {
    throw usage('the first line of --table names FILE:ENTRY in each column');
  }
  return lines.map((cells, i) => {
    if (cells.length !== columns.length) {
      throw usage(
        `row ${i + 2} of --table has ${cells.length} cells, not ${columns.length}; a value with commas stands in double quotes`,
      );
    }
    return columns.map((column, j) => ({ ...column, value: cells[j] ?? '' }));
  });
};

const cellsOf = (csv: string): string[][] => {
  try {
    return parse(csv, { bom: true, trim: true, skipEmptyLines: true, relaxColumnCount: true });
  } catch (error) {
    throw usage(`--table is no CSV: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** Cases with names that say what they differ in: `nu=0.01`, or their number where that is no name. */
export const casesOf = (rows: readonly SimulationSetting[][]): SimulationCase[] => {
  const varied = (rows[0] ?? []).map((_, column) =>
    rows.some((row) => row[column]?.value !== rows[0]?.[column]?.value),
  );
  const names = rows.map((row) =>
    row
      .filter((_, column) => varied[column])
      .map(({ entry, value }) => `${entry.slice(entry.lastIndexOf('.') + 1)}=${value}`)
      .join('+'),
  );
  const areNames =
    new Set(names).size === names.length && names.every((name) => CASE_NAME.test(name));
  return rows.map((settings, i) => ({ name: areNames ? names[i]! : '', settings }));
};

const CASE_NAME = /^[A-Za-z0-9._=+-]{1,64}$/;

/** The folder of a case in `--out`. */
export const caseFolder = (cases: readonly SimulationCase[], index: number): string =>
  cases[index]?.name || `case-${String(index).padStart(4, '0')}`;
