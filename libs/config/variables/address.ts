import { z } from 'zod';
import { describe } from '../meta.ts';

const MAX_PORT = 65_535;

const isHostPort = (value: string): boolean => {
  const [, port] = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})$/i.exec(value) ?? [];
  return port !== undefined && Number(port) <= MAX_PORT;
};

/** Where to listen, `host:port` or `[v6]:port`; port 0 takes a free one. */
export const listenAddress = () =>
  describe(z.string().refine(isHostPort, 'must be host:port'), { example: '127.0.0.1:7401' });

const isTarget = (value: string): boolean => {
  const [, scheme, rest = ''] = /^(dns|ipv4|ipv6|unix):(.+)$/.exec(value) ?? [];
  switch (scheme) {
    case 'dns':
      return isHostPort(rest.replace(/^\/\/[^/]*\//, ''));
    case 'ipv4':
    case 'ipv6':
      return rest.split(',').every(isHostPort);
    case 'unix':
      return true;
    case undefined:
    default:
      return isHostPort(value);
  }
};

/** A gRPC target: `host:port`, `dns:///host:port`, `ipv4:a:p,b:p`, `ipv6:[a]:p` or `unix:path`; always with ports. */
export const grpcTarget = () =>
  describe(z.string().refine(isTarget, 'must be a gRPC target'), { example: 'dns:///blob:7404' });
