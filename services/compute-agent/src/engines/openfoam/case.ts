import { join } from 'node:path';
import { type CaseHead, codeIn, readHead } from '#libs/openfoam/index.ts';
import { failed, type Failed } from '../engine.ts';
import { filesBelow, readBelow } from './case-files.ts';

/** A case in its folder. */
export interface CaseHere {
  folder: string;
  files: ReadonlySet<string>;
  head: CaseHead;
}

const CONTROL = 'system/controlDict';
const MAX_CONTROL_BYTES = 1024 ** 2;
/** Dictionaries are shorter; fields are longer, and code in them is far from their beginning. The program says what was missed. */
const MAX_SCANNED_BYTES = 1024 ** 2;
const SCANNED = /^(?:system|constant|0[^/]{0,32})\//;
const SKIPPED =
  /(?:^|\/)(?:polyMesh|triSurface|extendedFeatureEdgeMesh)\/|\.(?:gz|stl|obj|eMesh|py|sh)$/;

/** Archives often hold the folder of the case, and not what is in it. */
export const caseFolderIn = async (
  folder: string,
  maxFiles: number,
): Promise<string | undefined> => {
  const files = await filesBelow(folder, maxFiles);
  if (files.includes(CONTROL)) {
    return folder;
  }
  const found = files.filter((file) => file.endsWith(`/${CONTROL}`));
  const [only] = found.map((file) => file.slice(0, -CONTROL.length - 1));
  return found.length === 1 && only !== undefined && !only.includes('/')
    ? join(folder, only)
    : undefined;
};

/** Reads what the case tells of itself. */
export const readCase = async (folder: string, maxFiles: number): Promise<CaseHere | Failed> => {
  const files = new Set(await filesBelow(folder, maxFiles));
  const control = await readBelow(folder, CONTROL, MAX_CONTROL_BYTES);
  if (control === undefined) {
    return failed('CASE_INVALID', `there is no ${CONTROL}: that is no OpenFOAM case`);
  }
  return { folder, files, head: readHead(control, files) };
};

/** The first code in the dictionaries of a case, as `#calc at line 35 of system/blockMeshDict`. */
export const codeOf = async ({ folder, files }: CaseHere): Promise<string | undefined> => {
  for (const file of files) {
    if (!SCANNED.test(file) || SKIPPED.test(file)) {
      continue;
    }
    const text = await readBelow(folder, file, MAX_SCANNED_BYTES);
    const found = text === undefined ? undefined : codeIn(text);
    if (found !== undefined) {
      return `${found.what} at line ${found.line} of ${file}`;
    }
  }
  return undefined;
};
