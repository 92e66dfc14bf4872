import { type CaseHead } from '#libs/openfoam/index.ts';
import { isAtLeast } from '#libs/engines/index.ts';
import { failed, type Failed } from '../engine.ts';
import type { WorkingFoam } from './detect.ts';
import type { SimulationJob } from './job.ts';

const NAMES = { OPENFOAM_COM: 'www.openfoam.com', OPENFOAM_ORG: 'openfoam.org' };

/**
 * The OpenFOAM for a case: of the distribution and version that the work names, else of the one that wrote the case. Of several
 * versions, the one that wrote it, or the latest.
 */
export const chooseFoam = (
  foams: readonly WorkingFoam[],
  { engine, version }: Pick<SimulationJob, 'engine' | 'version'>,
  head: Pick<CaseHead, 'distribution' | 'version'>,
): WorkingFoam | Failed => {
  const distribution = engine ?? head.distribution;
  const fit = foams
    .filter((foam) => distribution === undefined || foam.distribution === distribution)
    .filter((foam) => version === undefined || foam.version === version)
    .toSorted((a, b) => (isAtLeast(a.version, b.version) ? -1 : 1));
  const chosen = fit.find((foam) => foam.version === head.version) ?? fit[0];
  if (chosen !== undefined) {
    return chosen;
  }
  const name = distribution ?? 'OpenFOAM';
  const from = distribution === undefined ? '' : ` of ${NAMES[distribution]}`;
  const wanted = `OpenFOAM${version === undefined ? '' : ` ${version}`}${from}`;
  const reason = `the case needs ${wanted}, which is not on this machine`;
  return failed('ENGINE_UNAVAILABLE', reason, { names: [name] });
};
