import { readFileSync } from 'node:fs';
import {
  type ChannelOptions,
  credentials as grpcCredentials,
  Client as Channel,
} from '@grpc/grpc-js';
import type { TlsFiles } from '#libs/config/index.ts';

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

/** A channel with the settings of the mesh. Connects at the first call. */
export const openChannel = (
  target: string,
  tls: TlsFiles | undefined,
  options: ChannelOptions = {},
): Channel => {
  const credentials =
    tls === undefined
      ? grpcCredentials.createInsecure()
      : grpcCredentials.createSsl(tls.ca === undefined ? null : readFileSync(tls.ca));
  return new Channel(target, credentials, { ...OPTIONS, ...options });
};
