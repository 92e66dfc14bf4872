export { seededRandom } from './random.ts';
export { systemRandom } from './random.ts';
export type { Random } from './random.ts';
