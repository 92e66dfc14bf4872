import { Metadata } from '@grpc/grpc-js';
import { Status } from '#libs/contracts/rpc.ts';
import { status } from './status.ts';
import { DomainError, isDomainError } from './domain-error.ts';
import { fromProtoStatus, toProtoStatus } from './proto-status.ts';

/** The trailer in which gRPC carries google.rpc.Status. */
const DETAILS_KEY = 'grpc-status-details-bin';

/** An error in the shape that grpc-js sends: `details` becomes grpc-message. */
interface ServiceStatus {
  code: status;
  details: string;
  metadata: Metadata;
}

/** A thrown value as grpc-js sends it; see {@link toProtoStatus} for what becomes of which throwable. */
export const toServiceError = (thrown: unknown): ServiceStatus => {
  const proto = toProtoStatus(thrown);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(Status.encode(proto).finish()));
  return {
    code: isDomainError(thrown) ? thrown.code : status.INTERNAL,
    details: proto.message,
    metadata,
  };
};

const isServiceStatus = (thrown: unknown): thrown is ServiceStatus =>
  thrown instanceof Error &&
  'code' in thrown &&
  typeof thrown.code === 'number' &&
  'details' in thrown &&
  typeof thrown.details === 'string' &&
  'metadata' in thrown &&
  thrown.metadata instanceof Metadata;

/**
 * The DomainError that a failed call reports. Where details are missing, malformed or contradict the code, its name is the reason.
 * Any other throwable becomes UNKNOWN, with itself as the cause.
 */
export const fromServiceError = (thrown: unknown): DomainError => {
  if (isDomainError(thrown)) {
    return thrown;
  }
  if (!isServiceStatus(thrown)) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new DomainError(status.UNKNOWN, 'UNKNOWN', message, {}, { cause: thrown });
  }
  const { code, details: message, metadata } = thrown;
  const [bytes] = metadata.get(DETAILS_KEY);
  try {
    const proto = bytes instanceof Buffer ? Status.decode(bytes) : undefined;
    if (proto?.code === code) {
      return fromProtoStatus(proto, thrown);
    }
  } catch {
    // The code of a peer is good even if its details are broken.
  }
  return fromProtoStatus({ code, message, details: [] }, thrown);
};
