/** The error model of gRPC: google.rpc.Status and the details that Muster puts into it. */
export { Any } from './gen/google/protobuf/any.ts';
export { Duration } from './gen/google/protobuf/duration.ts';
export {
  BadRequest,
  BadRequest_FieldViolation,
  ErrorInfo,
  RetryInfo,
} from './gen/google/rpc/error_details.ts';
export { Status } from './gen/google/rpc/status.ts';
