export { familyOf, type EngineFamily } from './families.ts';
export { canServe, meets, type EngineNeeds, type OfferedEngine } from './match.ts';
