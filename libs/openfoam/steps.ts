import { type CaseHead, solverOf } from './head.ts';

/** A program of the installation, or a script of the case. No shell reads its arguments. */
export interface Command {
  program: string;
  arguments: readonly string[];
}

/** What a step of a case does. */
export type StepAction =
  | { kind: 'program'; command: Command }
  /** A script of the case, `Allrun` or `Allrun.pre`. */
  | { kind: 'script'; name: string }
  /** Copies `0.orig` to `0`, if `0` is not there. */
  | { kind: 'restore-zero' }
  /** The solver; serial, or on several processors. */
  | { kind: 'solver'; program: string };

export interface Steps {
  mesh: readonly StepAction[];
  solve: readonly StepAction[];
}

const MESH = /^constant\/polyMesh\/(?:faces|faceList|owner)(?:\.gz)?$/;
const program = (name: string, ...args: string[]): StepAction => ({
  kind: 'program',
  command: { program: name, arguments: args },
});

/** A program that runs where its dictionary is there, in the order in which a mesh is made. */
const MAKERS: readonly (readonly [dictionary: string, action: StepAction])[] = [
  ['system/blockMeshDict', program('blockMesh')],
  ['system/surfaceFeatureExtractDict', program('surfaceFeatureExtract')],
  ['system/surfaceFeaturesDict', program('surfaceFeatures')],
  ['system/snappyHexMeshDict', program('snappyHexMesh', '-overwrite')],
  ['system/topoSetDict', program('topoSet')],
];
/** Older cases keep the first dictionary beside the mesh. */
const OLDER: Readonly<Record<string, string>> = {
  'system/blockMeshDict': 'constant/polyMesh/blockMeshDict',
};

/** Whether a mesh lies in the case already. */
export const hasMesh = (files: Iterable<string>): boolean =>
  [...files].some((file) => MESH.test(file));

const has = (files: ReadonlySet<string>, name: string): boolean => {
  const older = OLDER[name];
  return files.has(name) || (older !== undefined && files.has(older));
};

/** What makes the mesh, by the dictionaries that are there. */
const makers = (files: ReadonlySet<string>): StepAction[] =>
  MAKERS.filter(([dictionary]) => has(files, dictionary)).map(([, action]) => action);

/** Names of folders in which `0.orig` lies. */
const hasFolder = (files: ReadonlySet<string>, folder: string): boolean =>
  [...files].some((file) => file.startsWith(`${folder}/`));

/**
 * What the steps of a case do if its owner did not say: `Allrun.pre` makes the mesh and `Allrun` solves where they are there; else
 * both follow from the dictionaries. `0.orig` is copied after the mesh, because snappyHexMesh writes into `0`.
 *
 * @param files the paths of the case
 * @returns `solver` is undefined if nothing tells it, `isScript` says that `Allrun` solves, and may make the mesh too
 */
export const deriveSteps = (
  head: CaseHead,
  files: ReadonlySet<string>,
  wanted: { solver?: string | undefined } = {},
): Steps & { solver: string | undefined; isScript: boolean } => {
  const solver = wanted.solver ?? solverOf(head);
  const hasPre = files.has('Allrun.pre');
  // A solver that was chosen takes the place of the whole script.
  const hasRun = files.has('Allrun') && wanted.solver === undefined;
  const restore: StepAction[] = hasFolder(files, '0.orig') ? [{ kind: 'restore-zero' }] : [];
  const fields = has(files, 'system/setFieldsDict') ? [program('setFields')] : [];
  const mesh: StepAction[] = hasPre
    ? [{ kind: 'script', name: 'Allrun.pre' }]
    : hasRun
      ? makers(files)
      : [...makers(files), ...restore, ...fields];
  const solve: StepAction[] = hasRun
    ? [{ kind: 'script', name: 'Allrun' }]
    : solver === undefined
      ? []
      : [...restore, { kind: 'solver', program: solver }];
  return { mesh, solve, solver, isScript: hasRun };
};
