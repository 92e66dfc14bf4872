import { readFile } from 'node:fs/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { ServerCredentials } from '@grpc/grpc-js';
import { ConfigError, type TlsFiles } from '#libs/config/index.ts';

/** The parts of `127.0.0.1:80` or `[::1]:80`. */
export const splitAddress = (listen: string): { host: string; port: number } => {
  const colon = listen.lastIndexOf(':');
  return {
    host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: Number(listen.slice(colon + 1)),
  };
};

/** Whether only this machine can reach the address. Any name but localhost may resolve to anything. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

/** TLS, or plain text. Throws ConfigError where others could read the tokens, unless `insecure`. */
export const serverCredentials = async (
  listen: string,
  tls: TlsFiles | undefined,
  insecure: boolean,
): Promise<ServerCredentials> => {
  if (tls?.cert !== undefined && tls.key !== undefined) {
    const [certificate, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
    return ServerCredentials.createSsl(
      null,
      [{ cert_chain: certificate, private_key: key }],
      false,
    );
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

/** The gRPC target by which others on this machine reach a server that listens there. */
export const targetOf = (host: string, port: number): string => {
  if (isIPv6(host)) {
    return `ipv6:[${host === '::' ? '::1' : host}]:${port}`;
  }
  return isIPv4(host)
    ? `ipv4:${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`
    : `dns:///${host}:${port}`;
};
