import { readFileSync } from 'node:fs';
import { type ChannelOptions, credentials as grpcCredentials, Client as Channel } from '@grpc/grpc-js';
import type { TlsFiles } from '#libs/config/index.ts';

// Every address of a target gets its share of the calls, and one that goes away costs only the calls on it.
const SERVICE_CONFIG = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

const OPTIONS: ChannelOptions = {
  'grpc.service_config': SERVICE_CONFIG,
  // A call that may have been executed is repeated only by those who know that it may be.
  'grpc.enable_retries': 0,
  // By default each send copies everything that was not sent yet.
  'grpc.per_rpc_retry_buffer_size': 0,
  // Notices a peer that froze within 8 s. Only while calls are open: idle channels stay silent.
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 3_000,
  // Services restart within a second or two; the default waits up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 250,
  'grpc.min_reconnect_backoff_ms': 250,
  'grpc.max_reconnect_backoff_ms': 3_000,
};

/** A channel with the settings of the mesh. Connects at the first call. */
export const openChannel = (target: string, tls: TlsFiles | undefined, options: ChannelOptions = {}): Channel => {
  const credentials =
    tls === undefined
      ? grpcCredentials.createInsecure()
      : grpcCredentials.createSsl(tls.ca === undefined ? null : readFileSync(tls.ca));
  return new Channel(target, credentials, { ...OPTIONS, ...options });
};
