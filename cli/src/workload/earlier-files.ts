import { readdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { listed, plural } from '../formats.ts';
import type { Output } from '../output.ts';
import type { Fetcher } from './fetch.ts';

/** Names in a folder that look like those of results: of an earlier command, perhaps for another scene. In order. */
export const earlierFiles = async (
  directory: string,
  noun: 'frame' | 'preview' | 'task' | 'case',
): Promise<string[]> => {
  const pattern = new RegExp(`^${noun}_\\d{4,}[._].*$`, 's');
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => pattern.test(name) && !name.endsWith('.part')).sort();
};

/** More names than anybody reads. */
const MAX_NAMES = 100;

/** What a folder had before results came into it. Names count from the folder. */
export interface Mixture {
  directory: string;
  /** Those whose place a result took. */
  replaced: readonly string[];
  /** Those that are still there and are no results of this workload. */
  others: readonly string[];
}

/** What became of earlier files once results were fetched. */
export const mixtureOf = (
  directory: string,
  earlier: readonly string[],
  fetcher: Pick<Fetcher, 'fetched' | 'replaced'> | undefined,
): Mixture => {
  const paths = [...(fetcher?.fetched.values() ?? [])].flatMap((one) => [one.path, ...one.further]);
  const own = new Set(paths.map((path) => relative(directory, path)));
  return {
    directory,
    replaced: [...(fetcher?.replaced ?? [])].map((path) => relative(directory, path)).sort(),
    others: earlier.filter((name) => !own.has(name)),
  };
};

const namesOf = (names: readonly string[]) => ({
  count: names.length,
  files: names.slice(0, MAX_NAMES),
});

/** What people are told before results come into a folder that is not empty. Nothing if it has no earlier files. */
export const tellEarlier = (
  output: Pick<Output, 'note'>,
  directory: string,
  earlier: readonly string[],
): void => {
  if (earlier.length > 0) {
    output.note(
      `${directory} holds ${plural(earlier.length, 'earlier file')}: ${listed(earlier, 3)}; new ones of the same name take their place; for another folder: --out DIR`,
    );
  }
};

/** The same for programs. */
export const earlierFields = (directory: string, earlier: readonly string[]): object => ({
  directory,
  ...namesOf(earlier),
});

/** The fields of an event that tell it to programs. */
export const mixtureFields = ({ directory, replaced, others }: Mixture): object =>
  replaced.length + others.length === 0
    ? {}
    : { mixed: { directory, replaced: namesOf(replaced), others: namesOf(others) } };

/** Tells people which files were replaced, and which do not belong to the results beside them. */
export const tellMixture = (
  output: Pick<Output, 'note'>,
  { directory, replaced, others }: Mixture,
): void => {
  if (replaced.length > 0) {
    output.note(
      `replaced ${plural(replaced.length, 'earlier file')} in ${directory}: ${listed(replaced)}`,
    );
  }
  if (others.length > 0) {
    const are = others.length === 1 ? 'is' : 'are';
    output.note(
      `${plural(others.length, 'file')} in ${directory} ${are} of other work: ${listed(others)}`,
    );
  }
};
