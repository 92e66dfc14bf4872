import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import {
  Client as Channel,
  type ChannelCredentials,
  type ChannelOptions,
  credentials as grpcCredentials,
} from '@grpc/grpc-js';
import { SYSTEM_CA, type TlsFiles } from '#libs/config/tls-files.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { staysHere } from '../loopback.ts';

// Calls are spread over all addresses of a target; a lost address costs only its own calls.
const SERVICE_CONFIG = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

const OPTIONS: ChannelOptions = {
  'grpc.service_config': SERVICE_CONFIG,
  // Only callers know which rpcs may be repeated, so the channel repeats none.
  'grpc.enable_retries': 0,
  // By default each send copies all unsent data.
  'grpc.per_rpc_retry_buffer_size': 0,
  // Notices a frozen peer within 8 s. Pings go out only during calls, so idle channels stay silent.
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 3_000,
  // A service restarts within two seconds, but gRPC's default back-off grows to two minutes.
  'grpc.initial_reconnect_backoff_ms': 250,
  'grpc.min_reconnect_backoff_ms': 250,
  'grpc.max_reconnect_backoff_ms': 3_000,
};

/**
 * Opens a channel. Throws INVALID_ARGUMENT `PLAIN_TEXT_REFUSED` if a token would leave this machine unencrypted and
 * nobody said that the network itself is safe.
 */
export const openChannel = (
  target: string,
  {
    tls,
    insecure = false,
    options = {},
  }: {
    tls: TlsFiles | undefined;
    insecure?: boolean | undefined;
    options?: ChannelOptions | undefined;
  },
): Channel => {
  if (tls === undefined && !insecure && !staysHere(target)) {
    throw plainTextRefused(target);
  }
  return new Channel(target, credentialsOf(tls), { ...OPTIONS, ...options });
};

const credentialsOf = (tls: TlsFiles | undefined): ChannelCredentials => {
  if (tls === undefined) {
    return grpcCredentials.createInsecure();
  }
  if (tls.ca === SYSTEM_CA) {
    return grpcCredentials.createSsl(Buffer.from(getCACertificates('system').join('\n')));
  }
  return grpcCredentials.createSsl(tls.ca === undefined ? null : readFileSync(tls.ca));
};

const plainTextRefused = (target: string): DomainError =>
  new DomainError(
    status.INVALID_ARGUMENT,
    'PLAIN_TEXT_REFUSED',
    `the token would travel to ${target} in plain text; set MUSTER_TLS_CA to the file of its authority, or to ` +
      `${SYSTEM_CA} for those that this machine trusts, or MUSTER_INSECURE=1 if the network itself is safe`,
    { target },
  );
