/** What checkMesh says of a mesh. */
export interface MeshCheck {
  cells: number;
  /** How many checks failed; 0: none. */
  failed: number;
  /** The lines of those that failed, at most 6 of 200 characters. */
  lines: string[];
}

const CELLS = /^ {4}cells: {1,20}(\d{1,15})$/m;
const FAILED = /^Failed (\d{1,6}) mesh checks?\.$/m;
const OK = /^Mesh OK\.$/m;
const MAX_LINES = 6;
const MAX_CHARS = 200;

/** Reads the output of checkMesh, which ends with code 0 whatever it finds. Undefined: it came to no verdict. */
export const meshCheckOf = (log: string): MeshCheck | undefined => {
  const [, cells] = CELLS.exec(log) ?? [];
  const [, failed] = FAILED.exec(log) ?? [];
  if (cells === undefined || (failed === undefined && !OK.test(log))) {
    return undefined;
  }
  const lines = log
    .split('\n')
    .filter((line) => line.startsWith(' ***'))
    .slice(0, MAX_LINES)
    .map((line) => line.slice(4, 4 + MAX_CHARS).trim());
  return { cells: Number(cells), failed: Number(failed ?? 0), lines };
};
