import { lookup } from 'node:dns/promises';
import { type BlockList, isIP } from 'node:net';
import { isWithin } from '#libs/config/index.ts';
import { targetNotAllowed, targetUnknown } from './errors.ts';

/** A machine's VNC server, as callers name it. */
export interface Target {
  /** A name or an address, IPv6 without brackets. */
  host: string;
  port: number;
}

/** Reads `host:port` or `[::1]:5900`; undefined for anything else. */
export const parseTarget = (text: string): Target | undefined => {
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const isHost =
    bracketed === undefined ? host !== '' && !host.startsWith('-') : isIP(bracketed) === 6;
  return isHost && port >= 1 && port <= 65_535 ? { host, port } : undefined;
};

/**
 * The address to connect to. Every address of a name must be in one of the networks. The session keeps the address,
 * because the name can lead elsewhere a moment later. Throws TARGET_UNKNOWN, TARGET_NOT_ALLOWED.
 */
export const addressOf = async ({ host }: Target, networks: BlockList): Promise<string> => {
  const found = isIP(host) > 0 ? [host] : await addressesOf(host);
  for (const address of found) {
    if (!isWithin(address, networks)) {
      throw targetNotAllowed(host, address);
    }
  }
  return found[0] ?? host;
};

const addressesOf = async (host: string): Promise<string[]> => {
  const found = await lookup(host, { all: true, order: 'ipv4first' }).catch((thrown: unknown) => {
    throw targetUnknown(host, thrown);
  });
  if (found.length === 0) {
    throw targetUnknown(host, undefined);
  }
  return found.map(({ address }) => address);
};
