import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { topEntries } from '#libs/openfoam/index.ts';
import { readBelow } from './case-files.ts';

const DICTIONARY = 'system/decomposeParDict';
const MAX_BYTES = 1024 ** 2;

/** How many parts along each axis: as equal as they can be in the plane, because many cases are one cell thick. */
export const gridOf = (ranks: number): [number, number, number] => {
  let short = 1;
  for (let i = 2; i * i <= ranks; i += 1) {
    short = ranks % i === 0 ? i : short;
  }
  return [ranks / short, short, 1];
};

/** The entries that come last in a dictionary, and so count. */
const entriesFor = (ranks: number, method: string | undefined): string => {
  const grid = `n (${gridOf(ranks).join(' ')}); delta 0.001; order xyz;`;
  const own =
    method === undefined
      ? ''
      : `method ${method};\n${method}Coeffs { ${grid} }\ncoeffs { ${grid} }\n`;
  return `\nnumberOfSubdomains ${ranks};\n${own}`;
};

const HEAD = 'FoamFile { version 2.0; format ascii; class dictionary; object decomposeParDict; }\n';

/** Methods that divide along axes need the number of parts for each, which fits only the number of ranks that the case was made for. */
const BY_AXES = ['hierarchical', 'simple'];

/**
 * Lets every dictionary of decomposition have this number of ranks, and a method that works here. Returns notes for people. Nothing may
 * run in the box meanwhile.
 */
export const fitDecomposition = async (
  folder: string,
  files: ReadonlySet<string>,
  ranks: number,
  methods: readonly string[],
): Promise<string[]> => {
  const fallback = BY_AXES.find((method) => methods.includes(method)) ?? 'hierarchical';
  const found = [...files].filter(
    (file) => file.startsWith('system/') && file.endsWith('/decomposeParDict'),
  );
  const notes = new Set<string>();
  for (const file of found.length === 0 ? [DICTIONARY] : found) {
    const text = (await readBelow(folder, file, MAX_BYTES)) ?? '';
    const entries = topEntries(text);
    const method = entries.get('method');
    const isRight = entries.get('numberOfSubdomains') === String(ranks);
    const works = method !== undefined && methods.includes(method);
    if (isRight && works) {
      continue;
    }
    const own = works && !BY_AXES.includes(method) ? undefined : works ? method : fallback;
    if (method !== undefined && !works) {
      notes.add(`${method} does not work on this machine; the case is divided by ${fallback}`);
    }
    await appendFile(join(folder, file), (text === '' ? HEAD : '') + entriesFor(ranks, own));
  }
  return [...notes];
};
