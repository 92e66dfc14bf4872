import { isIPv4 } from 'node:net';

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

/** Whether nothing that is sent to a gRPC target leaves this machine: `ipv4:127.0.0.1:1,127.0.0.1:2`, `localhost:1`, `unix:/x`. */
export const staysHere = (target: string): boolean => {
  if (/^unix(-abstract)?:/.test(target)) {
    return true;
  }
  const addresses = target.replace(/^(?:ipv4:|ipv6:|dns:(?:\/\/[^/]*\/)?)/, '').split(',');
  return addresses.every((address) => isLoopback(splitAddress(address).host));
};
