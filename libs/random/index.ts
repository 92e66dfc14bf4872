export { seededRandom } from './seeded-random.ts';
export { systemRandom } from './system-random.ts';
export type { Random } from './random.ts';
