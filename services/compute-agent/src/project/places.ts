/** A place that a .blend names, and what belongs there, on this machine. */
export interface Place {
  /** `/srv`, as the program should find it. */
  place: string;
  path: string;
}

/** The folder in which the sandbox keeps temporary files. What belongs there is put beside them. */
const SHARED = /^\/tmp\/[^/]+/;
const FIRST = /^\/[^/]+/;

/** The fewest folders and files that hold all paths that begin with `/`: `/srv`, `/tmp/film`. */
export const placesOf = (paths: readonly string[]): string[] => {
  const places = new Set<string>();
  for (const path of paths) {
    const [place] = SHARED.exec(path) ?? FIRST.exec(path) ?? [];
    if (place !== undefined) {
      places.add(place);
    }
  }
  return [...places].sort();
};
