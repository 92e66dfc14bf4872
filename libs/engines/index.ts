export { familyOf, type EngineFamily } from './families.ts';
export {
  canServe,
  isAtLeast,
  isEnough,
  meets,
  type EngineNeeds,
  type OfferedDevice,
  type OfferedEngine,
} from './match.ts';
