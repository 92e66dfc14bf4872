import { topEntries, unquoted } from './dictionary.ts';

/** The two distributions, as engines. */
export type Distribution = 'OPENFOAM_COM' | 'OPENFOAM_ORG';

/** What the head of a case tells. */
export interface CaseHead {
  /** Undefined: it does not tell. */
  distribution: Distribution | undefined;
  /** The version that wrote it, as the banner says: `1912`, `13`. */
  version: string | undefined;
  /** `application`; undefined if there is none, or it is a macro. */
  application: string | undefined;
  /** `solver` of foamRun. */
  solver: string | undefined;
  /** Whether it has `regionSolvers` of foamMultiRun. */
  hasRegionSolvers: boolean;
  /** Undefined if it is not a plain number. */
  endTime: number | undefined;
}

const HEAD = 4_096;
const COM_SITE = 'www.openfoam.com';
const ORG_SITE = /(?:https?:\/\/|www\.)openfoam\.org/i;
const VERSION = /Version: {1,8}v?(\d{1,4})(?:[.\s|]|$)/m;
/** Versions of www.openfoam.com are a year and a month; versions before it was a distribution of its own begin with `v3.0+`. */
const FIRST_DATED = 1_606;

/** What the banner of a dictionary tells. */
const ofBanner = (text: string): Pick<CaseHead, 'distribution' | 'version'> => {
  const head = text.slice(0, HEAD);
  const [, version] = VERSION.exec(head) ?? [];
  if (head.toLowerCase().includes(COM_SITE)) {
    return { distribution: 'OPENFOAM_COM', version };
  }
  if (ORG_SITE.test(head)) {
    return { distribution: 'OPENFOAM_ORG', version };
  }
  const isDated = version !== undefined && Number(version) >= FIRST_DATED;
  return { distribution: isDated ? 'OPENFOAM_COM' : undefined, version };
};

/** Files of which only one of the distributions knows the name. */
const ONLY_ORG = ['constant/physicalProperties', 'constant/momentumTransport'];
const ONLY_COM = ['constant/turbulenceProperties', 'constant/transportProperties'];

/**
 * Reads what a case tells of itself.
 *
 * @param controlDict its text
 * @param files the paths of the case, as far as they are known
 */
export const readHead = (controlDict: string, files: ReadonlySet<string>): CaseHead => {
  const entries = topEntries(controlDict);
  const word = (name: string): string | undefined => {
    const value = unquoted(entries.get(name) ?? '');
    return /^[A-Za-z][\w+.-]{0,127}$/.test(value) ? value : undefined;
  };
  const banner = ofBanner(controlDict);
  const application = word('application');
  const solver = word('solver');
  const hasRegionSolvers = entries.has('regionSolvers');
  const isOfOrg =
    (application === undefined && (solver !== undefined || hasRegionSolvers)) ||
    ['foamRun', 'foamMultiRun'].includes(application ?? '') ||
    ONLY_ORG.some((file) => files.has(file));
  const guess: Distribution | undefined = isOfOrg
    ? 'OPENFOAM_ORG'
    : ONLY_COM.some((file) => files.has(file))
      ? 'OPENFOAM_COM'
      : undefined;
  const end = entries.get('endTime') ?? '';
  return {
    distribution: banner.distribution ?? guess,
    version: banner.version,
    application,
    solver,
    hasRegionSolvers,
    endTime: /^[-+\d.]/.test(end) && Number.isFinite(Number(end)) ? Number(end) : undefined,
  };
};

/** The program that computes a case, by the rule of the newer versions of the Foundation; undefined if nothing tells. */
export const solverOf = (
  head: Pick<CaseHead, 'application' | 'solver' | 'hasRegionSolvers'>,
): string | undefined => {
  if (head.application !== undefined) {
    return head.application;
  }
  if (head.solver !== undefined) {
    return 'foamRun';
  }
  return head.hasRegionSolvers ? 'foamMultiRun' : undefined;
};
