import type { ConnectionOptions } from 'nats';

/** Where NATS is and who we are there. What is given here wins over what the URL says. */
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
    // The text may hold a password.
    throw new TypeError('the address of nats must look like nats://user:password@host:port');
  }
  return url;
};

/** Splits the address into what the client takes: it ignores credentials in URLs. Throws TypeError on other URLs. */
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
