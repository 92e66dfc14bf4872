import { readFile } from 'node:fs/promises';
import { importJWK } from 'jose';
import { unavailable } from '#libs/errors/index.ts';
import type { Role } from './caller.ts';
import { parseJwks, tokenAlgorithm } from './keys.ts';

export interface VerificationKey {
  key: Awaited<ReturnType<typeof importJWK>>;
  roles: readonly Role[];
}

/** The public keys of the mesh, read again as they rotate. */
export interface KeySource {
  /** Raised by every reading that found other keys: what was verified with the keys before no longer counts. */
  readonly version: number;
  /** The key of that id, undefined if there is none; UNAVAILABLE `jwks` when the document could never be read. */
  find(kid: string): Promise<VerificationKey | undefined>;
  /** Reads the document again if the last reading is older than a minute; answers at once, never throws. */
  refresh(): void;
}

export interface KeySourceOptions {
  /** Path of the JWKS file, or its http(s) URL. */
  jwks: string | URL;
  clock: { /** Monotonic time, ms. */ monotonic(): number };
}

/** Bounds what a flood of made-up key ids costs. */
const minimumBetweenReadsMs = 1_000;
const maximumAgeMs = 60_000;
const readTimeoutMs = 5_000;

export const createKeySource = ({ jwks, clock }: KeySourceOptions): KeySource => {
  let keys: ReadonlyMap<string, VerificationKey> | undefined;
  let text = '';
  let version = 0;
  let lastReadMs = -Infinity;
  let reading: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    lastReadMs = clock.monotonic();
    const found = await readDocument(jwks);
    if (keys !== undefined && found === text) return;
    const imported = await Promise.all(
      parseJwks(found).keys.map(
        async (jwk) => [jwk.kid, { key: await importJWK(jwk, tokenAlgorithm), roles: jwk.roles }] as const,
      ),
    );
    keys = new Map(imported);
    text = found;
    version += 1;
  };
  const read = (): Promise<void> => (reading ??= load().finally(() => (reading = undefined)));

  return {
    get version() {
      return version;
    },
    async find(kid) {
      const known = keys?.get(kid);
      if (known !== undefined) return known;
      if (keys === undefined || reading !== undefined || clock.monotonic() - lastReadMs >= minimumBetweenReadsMs) {
        try {
          await read();
        } catch (cause) {
          // Keys that were read before go on counting while their source is away.
          if (keys === undefined) throw unavailable('jwks', 'the public keys of the mesh cannot be read', { cause });
        }
      }
      return keys?.get(kid);
    },
    refresh() {
      if (clock.monotonic() - lastReadMs >= maximumAgeMs) void read().catch(() => {});
    },
  };
};

const readDocument = async (jwks: string | URL): Promise<string> => {
  if (!/^https?:/.test(String(jwks))) return readFile(jwks, 'utf8');
  const response = await fetch(jwks, { signal: AbortSignal.timeout(readTimeoutMs) });
  if (!response.ok) throw new Error(`the JWKS was answered with HTTP ${response.status}`);
  return response.text();
};
