import type { Report } from '../../domain/decisions/inputs.ts';

/** Most reports in one input. The entries of an input stand in one document, and this leaves room in it for other inputs. */
const MAX_REPORTS = 200;

/** A user's reports in their order, as many at a time as one input takes. */
export const batchesOf = (reports: readonly Report[]): Report[][] =>
  Array.from({ length: Math.ceil(reports.length / MAX_REPORTS) }, (_, i) =>
    reports.slice(i * MAX_REPORTS, (i + 1) * MAX_REPORTS),
  );
