import { BlockList, isIP } from 'node:net';
import { isWithin, parseNetworks } from '#libs/config/index.ts';

/**
 * Networks in which nobody who is told of an end may be unless an operator allows it: this machine, its neighbours, metadata
 * services, and what leads there by another spelling (RFC 6890, and the translations of IPv4 in IPv6).
 */
const CLOSED = parseNetworks([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);

/** Whether a message may go to this address. `allowed` are networks that an operator opened. */
export const isOpenAddress = (address: string, allowed: BlockList): boolean => {
  const [plain = ''] = address.split('%');
  return isIP(plain) > 0 && (isWithin(plain, allowed) || !isWithin(plain, CLOSED));
};

const MAX_URL_CHARS = 2_000;

/** The URL of a webhook, normalised; undefined if it is none. */
export const parseWebhookUrl = (text: string): string | undefined => {
  if (text.length > MAX_URL_CHARS || !URL.canParse(text)) {
    return undefined;
  }
  const url = new URL(text);
  const isPlain = url.username === '' && url.password === '';
  url.hash = '';
  return ['http:', 'https:'].includes(url.protocol) && isPlain ? url.href : undefined;
};
