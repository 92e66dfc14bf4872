import { isTimeName, timesIn } from '#libs/openfoam/index.ts';

/** Which files of a case are wanted; unset: all. */
export interface FileChoice {
  /** `latest`, or the name of a time: `0.5`. Other times are left out then. */
  time?: string;
  /** Names of files, such as fields: `U`, `p`. Others are left out then. */
  only?: readonly string[];
}

/** The time in which a file lies; undefined if it lies in none. */
const timeOf = (path: string): string | undefined => {
  const [first = ''] = path.split('/');
  return path.includes('/') && isTimeName(first) ? first : undefined;
};

/**
 * The wanted ones of these files of a case. With a time it is that time and what lies in none, so that the case can be opened; with
 * names it is only files of these names, in that time or in all.
 */
export const chooseFiles = (
  paths: readonly string[],
  { time, only }: FileChoice,
): ReadonlySet<string> => {
  const times = timesIn(new Set(paths.flatMap((path) => timeOf(path) ?? [])));
  const meant =
    time === 'latest' ? times.at(-1) : times.find((each) => Number(each) === Number(time));
  const isOfTime = (path: string): boolean => {
    const own = timeOf(path);
    return time === undefined || own === meant || (own === undefined && only === undefined);
  };
  const isNamed = (path: string): boolean =>
    only === undefined || only.includes(path.slice(path.lastIndexOf('/') + 1));
  const isThere = time === undefined || meant !== undefined;
  return new Set(isThere ? paths.filter((path) => isOfTime(path) && isNamed(path)) : []);
};
