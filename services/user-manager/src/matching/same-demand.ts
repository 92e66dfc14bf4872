import { isDeepStrictEqual } from 'node:util';
import type { Demand } from '#libs/contracts/user.ts';

/** Whether two statements ask for the same, so that a repeated one costs no round. */
export const isSameDemand = (a: Demand, b: Demand): boolean =>
  a.wanted === b.wanted &&
  a.weight === b.weight &&
  a.customerId === b.customerId &&
  isDeepStrictEqual(a.needs, b.needs);
