import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { isOpenAddress } from './address.ts';
import type { Signed } from './signature.ts';

/** What came of a try. `status`: 0 if nothing was answered. `failure`: for people, empty if it was taken. */
export interface Posted {
  status: number;
  failure: string;
}

const WITHIN_MS = 10_000;

/** An address to which nothing may be sent. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly address: string;
  constructor(host: string, address: string) {
    const named = host === address ? host : `${host} (${address})`;
    super(`${named} is an address of this machine or of a network that is not public`);
    this.address = address;
  }
}

/** The name or address in a URL, IPv6 without brackets. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/** The addresses of a host, all of them open. Throws AddressRefused, or what the look-up throws. */
export const openAddresses = async (
  host: string,
  allowed: BlockList,
): Promise<{ address: string; family: number }[]> => {
  const found =
    isIP(host) > 0 ? [{ address: host, family: isIP(host) }] : await lookup(host, { all: true });
  for (const { address } of found) {
    if (!isOpenAddress(address, allowed)) {
      throw new AddressRefused(host, address);
    }
  }
  return found;
};

/** Throws AddressRefused if nothing may be sent to this URL now. A host that nobody knows now may be known later. */
export const checkAddress = async (url: string, allowed: BlockList): Promise<void> => {
  await openAddresses(hostOf(new URL(url)), allowed).catch((thrown: unknown) => {
    if (thrown instanceof AddressRefused) {
      throw thrown;
    }
  });
};

const wordsOf = (thrown: unknown): string => {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return (text === '' ? 'no connection' : text).slice(0, 200);
};

/**
 * Sends a message once. It connects to an address that was checked, because the name can lead elsewhere a moment later, follows no
 * redirect and reads nothing of the answer but its status. Never rejects, unless `signal` aborts.
 */
export const post = async (
  target: string,
  { body, headers }: Signed,
  { allowed, signal }: { allowed: BlockList; signal: AbortSignal },
): Promise<Posted> => {
  const url = new URL(target);
  const inTime = AbortSignal.timeout(WITHIN_MS);
  const over = AbortSignal.any([signal, inTime]);
  try {
    const status = await Promise.race([send(url, body, headers, allowed, over), aborted(over)]);
    const failure = status >= 200 && status <= 299 ? '' : `answered ${status}`;
    return { status, failure };
  } catch (thrown) {
    signal.throwIfAborted();
    const late = `not answered within ${WITHIN_MS / 1_000} s`;
    return { status: 0, failure: inTime.aborted ? late : wordsOf(thrown) };
  }
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
    }
  });

const send = async (
  url: URL,
  body: string,
  headers: Record<string, string>,
  allowed: BlockList,
  signal: AbortSignal,
): Promise<number> => {
  const [first] = await openAddresses(hostOf(url), allowed);
  if (first === undefined) {
    throw new Error(`${url.hostname} has no address`);
  }
  const toFirst: LookupFunction = (_host, options, answer) =>
    options.all ? answer(null, [first]) : answer(null, first.address, first.family);
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body));
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': length },
      // A connection of its own, because a shared one may lead to an address that is not allowed any more.
      agent: false,
      lookup: toFirst,
      signal,
    } as const;
    const sent = request(url, options, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on('error', reject);
    sent.end(body);
  });
};
