import {
  type Any,
  BadRequest,
  BadRequest_FieldViolation,
  ErrorInfo,
  RetryInfo,
  type Status,
} from '#libs/contracts/rpc.ts';
import { durationFromProto, durationToProto } from '#libs/mesh/duration.ts';
import { errorCode, status, statusName } from './status.ts';
import { DomainError, type FieldViolation, isDomainError } from './domain-error.ts';

/** ErrorInfo.domain of every error that Muster makes. */
const DOMAIN = 'muster';
const TYPE = 'type.googleapis.com/google.rpc.';

// A status travels in HTTP/2 trailers, and many peers refuse more than 8 KiB of those.
const MAX_MESSAGE_CHARS = 1_024;
const MAX_VALUE_CHARS = 512;
const MAX_VIOLATIONS_CHARS = 2_048;

/** Cuts to `max` characters. Replaces lone surrogates, because percent-encoding the grpc-message would throw on them. */
const clip = (text: string, max: number): string =>
  (text.length > max ? `${text.slice(0, max - 1)}…` : text).toWellFormed();

const clipViolations = (violations: readonly FieldViolation[]): FieldViolation[] => {
  let room = MAX_VIOLATIONS_CHARS;
  return violations
    .map(({ field, description }) => ({
      field: clip(field, 256),
      description: clip(description, 256),
    }))
    .filter(({ field, description }) => (room -= field.length + description.length) >= 0);
};

const detail = (name: string, bytes: Uint8Array): Any => ({
  typeUrl: TYPE + name,
  value: Buffer.from(bytes),
});

/**
 * A thrown value as google.rpc.Status: one ErrorInfo, BadRequest where fields are wrong, RetryInfo where a retry makes sense.
 * Anything but a DomainError becomes INTERNAL with a fixed text, because its own may hold secrets. Long texts are cut.
 */
export const toProtoStatus = (thrown: unknown): Status => {
  if (!isDomainError(thrown)) {
    return toProtoStatus(new DomainError(status.INTERNAL, 'INTERNAL', 'internal error'));
  }
  const metadata = Object.fromEntries(
    Object.entries(thrown.metadata).map(([key, value]) => [key, clip(value, MAX_VALUE_CHARS)]),
  );
  const details = [
    detail(
      'ErrorInfo',
      ErrorInfo.encode({ reason: thrown.reason, domain: DOMAIN, metadata }).finish(),
    ),
  ];
  if (thrown.violations.length > 0) {
    const fieldViolations = clipViolations(thrown.violations).map((each) =>
      BadRequest_FieldViolation.fromPartial(each),
    );
    details.push(detail('BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  if (thrown.retryAfterMs !== undefined) {
    details.push(
      detail(
        'RetryInfo',
        RetryInfo.encode({ retryDelay: durationToProto(Math.round(thrown.retryAfterMs)) }).finish(),
      ),
    );
  }
  return { code: thrown.code, message: clip(thrown.message, MAX_MESSAGE_CHARS), details };
};

const find = <T>(
  details: readonly Any[],
  name: string,
  codec: { decode(bytes: Uint8Array): T },
): T | undefined => {
  const found = details.find(({ typeUrl }) => typeUrl === TYPE + name);
  return found && codec.decode(found.value);
};

/** Reads a DomainError back. Without ErrorInfo the code's name is the reason. Throws when a detail is malformed. */
export const fromProtoStatus = (proto: Status, cause?: unknown): DomainError => {
  const info = find(proto.details, 'ErrorInfo', ErrorInfo);
  const badRequest = find(proto.details, 'BadRequest', BadRequest);
  const retry = find(proto.details, 'RetryInfo', RetryInfo)?.retryDelay;
  const code = errorCode(proto.code);
  return new DomainError(
    code,
    info?.reason || statusName(code),
    proto.message,
    info?.metadata ?? {},
    {
      violations:
        badRequest?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
      retryAfterMs: durationFromProto(retry),
      cause,
    },
  );
};
