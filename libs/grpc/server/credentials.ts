import { isIPv4, isIPv6 } from 'node:net';
import tls from 'node:tls';
import { experimental, ServerCredentials } from '@grpc/grpc-js';
import { ConfigError, type TlsFiles } from '#libs/config/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { watchCertificate } from './certificate.ts';
import { isLoopback, splitAddress } from '../loopback.ts';

/** Of TLS 1.3 and 1.2, what encrypts and authenticates at once and forgets its keys. HTTP/2 forbids the rest (RFC 9113, 9.2.2). */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** TLS, or plain text. Throws ConfigError where others could read the tokens, unless `insecure`. */
export const serverCredentials = async (
  listen: string,
  { tls: files, insecure, ...watching }: CredentialsOptions,
): Promise<ServerCredentials> => {
  if (files?.cert !== undefined && files.key !== undefined) {
    // grpc-js takes ciphers only from the environment; this is the default of the whole process.
    tls.DEFAULT_CIPHERS = CIPHERS;
    const certificate = await watchCertificate({ cert: files.cert, key: files.key }, watching);
    return experimental.createCertificateProviderServerCredentials(certificate, null, false);
  }
  if (!insecure && !isLoopback(splitAddress(listen).host)) {
    throw new ConfigError([
      {
        name: 'MUSTER_LISTEN',
        problem:
          'would be open to the network in plain text; set MUSTER_TLS_CERT and MUSTER_TLS_KEY, or MUSTER_INSECURE=1 if the network itself is safe',
        example: '127.0.0.1:7401',
      },
    ]);
  }
  return ServerCredentials.createInsecure();
};

interface CredentialsOptions {
  tls: TlsFiles | undefined;
  insecure: boolean;
  clock: Clock;
  logger: Logger;
}

/** The gRPC target by which others on this machine reach a server that listens there. */
export const targetOf = (host: string, port: number): string => {
  if (isIPv6(host)) {
    return `ipv6:[${host === '::' ? '::1' : host}]:${port}`;
  }
  return isIPv4(host)
    ? `ipv4:${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`
    : `dns:///${host}:${port}`;
};
