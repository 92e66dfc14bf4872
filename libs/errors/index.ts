export { DomainError, isDomainError } from './domain-error.ts';
export type { ErrorExtra, FieldViolation } from './domain-error.ts';
export { invalidFields, unavailable } from './domain-error.ts';
export { fromProtoStatus, toProtoStatus } from './proto-status.ts';
export { fromServiceError, toServiceError } from './service-error.ts';
export type { ServiceStatus } from './service-error.ts';
export { status, statusName } from './status.ts';
