import { readFile } from 'node:fs/promises';
import { importJWK } from 'jose';
import type { Clock } from '#libs/clock/index.ts';
import { unavailable } from '#libs/errors/index.ts';
import type { Role } from './caller.ts';
import { parseJwks, TOKEN_ALGORITHM } from './keys.ts';

export interface VerificationKey {
  key: Awaited<ReturnType<typeof importJWK>>;
  roles: readonly Role[];
}

/** The public keys of the mesh, read again as they rotate. */
export interface KeySource {
  /** Grows with each reading that finds other keys; what older keys have verified must be verified again. */
  readonly version: number;
  /** The key with that id; undefined if there is none. Rejects with UNAVAILABLE `jwks` if the document was never read. */
  find(kid: string): Promise<VerificationKey | undefined>;
  /** Starts to read the document again if the last reading is older than a minute. Returns at once and never throws. */
  refresh(): void;
}

interface KeySourceOptions {
  /** Path of the JWKS file, or its http(s) URL. */
  jwks: string | URL;
  clock: Pick<Clock, 'monotonic'>;
}

/** Bounds the cost of a flood of made-up key ids. */
const MIN_BETWEEN_READS_MS = 1_000;
const MAX_AGE_MS = 60_000;
const READ_TIMEOUT_MS = 5_000;

export const createKeySource = ({ jwks, clock }: KeySourceOptions): KeySource => {
  let keys: ReadonlyMap<string, VerificationKey> | undefined;
  let text = '';
  let version = 0;
  let lastReadMs = -Infinity;
  let reading: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    lastReadMs = clock.monotonic();
    const found = await readDocument(jwks);
    if (keys !== undefined && found === text) {
      return;
    }
    const imported = parseJwks(found).map(
      async (jwk) =>
        [jwk.kid, { key: await importJWK(jwk, TOKEN_ALGORITHM), roles: jwk.roles }] as const,
    );
    keys = new Map(await Promise.all(imported));
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
      if (known !== undefined) {
        return known;
      }
      if (
        keys === undefined ||
        reading !== undefined ||
        clock.monotonic() - lastReadMs >= MIN_BETWEEN_READS_MS
      ) {
        try {
          await read();
        } catch (cause) {
          // While the source is away, the keys of the last reading stay valid.
          if (keys === undefined) {
            throw unavailable('jwks', 'the public keys of the mesh cannot be read', { cause });
          }
        }
      }
      return keys?.get(kid);
    },
    refresh() {
      if (clock.monotonic() - lastReadMs >= MAX_AGE_MS) {
        void read().catch(() => {});
      }
    },
  };
};

const readDocument = async (jwks: string | URL): Promise<string> => {
  if (!/^https?:/.test(String(jwks))) {
    return readFile(jwks, 'utf8');
  }
  const response = await fetch(jwks, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) });
  if (!response.ok) {
    throw new Error(`the JWKS was answered with HTTP ${response.status}`);
  }
  return response.text();
};
