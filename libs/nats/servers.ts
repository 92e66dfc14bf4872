import type { ConnectionOptions } from 'nats';

/** The address of NATS and our credentials. These win over those in the URL. */
export interface ServerAddress {
  /** `nats://user:password@host:port`, or several of a cluster with commas between them; `tls://` encrypts. */
  url: string;
  user?: string;
  password?: string;
  token?: string;
}

const parse = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    // The message leaves the text out, because it may hold a password.
    throw new TypeError('the address of nats must look like nats://user:password@host:port');
  }
  return url;
};

/** Splits the address for the client, which ignores credentials in URLs. Throws TypeError for another kind of URL. */
export const toServers = ({ url, ...given }: ServerAddress): ConnectionOptions => {
  const urls = url.split(',').map((each) => parse(each.trim()));
  const named = urls.find(({ username }) => username !== '');
  const user = given.user ?? (named && decodeURIComponent(named.username));
  const password = given.password ?? (named && decodeURIComponent(named.password));
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    ...(given.token !== undefined && { token: given.token }),
    ...(given.token === undefined && user !== undefined && { user, pass: password ?? '' }),
    ...(urls.some(({ protocol }) => protocol === 'tls:') && { tls: {} }),
  };
};
