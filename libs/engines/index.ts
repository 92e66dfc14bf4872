export { familyOf, type EngineFamily } from './families.ts';
export { canServe, isAtLeast, meets, type EngineNeeds, type OfferedEngine } from './match.ts';
