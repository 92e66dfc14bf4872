export {
  DomainError,
  type FieldViolation,
  invalidFields,
  isDomainError,
  requestIdReused,
  unavailable,
} from './domain-error.ts';
export { fromProtoStatus, toProtoStatus } from './proto-status.ts';
export { fromServiceError, toServiceError } from './service-error.ts';
export { status, statusName } from './status.ts';
