import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '#libs/random/index.ts';
import { give, NOBODY } from '../process/user.ts';

const NONCE_BYTES = 16;
const SECRET_BYTES = 32;
/** How long after a token's expiry a look-up may end that began before it. */
const LATE_MS = 60_000;

/**
 * Makes and revokes the gateway's tokens. `websockify/muster_tokens.py` describes them, and checks them with the files
 * in this folder alone. Each boot has its own secret, because tokens expire by the monotonic clock, which starts anew
 * with each boot.
 */
export const openTokens = (folder: string, ttlMs: number, bootId: string, random: Random) => {
  for (const name of ['targets', 'used', 'viewers']) {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  }
  const secret = secretOf(folder, bootId, random);
  const at = (...parts: string[]): string => join(folder, ...parts);
  /** The viewers' files that were read. They are cached, because they never change and there may be a thousand. */
  let known = new Map<string, string>();
  const sessionOf = async (viewer: string): Promise<string> =>
    known.get(viewer) ?? (await readFile(at('viewers', viewer), 'utf8').catch(() => ''));
  return {
    folder,
    /** A new token for a session. It is valid once, for `ttlMs`. */
    mint: (session: string): string => {
      const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('hex');
      const signed = `${session}.${Math.floor(hostMs() + ttlMs)}.${nonce}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('hex')}`;
    },
    /** Sets the address to which a session's tokens lead from now on. */
    lead: async (session: string, host: string, port: number): Promise<void> => {
      // The file is renamed into place, because the gateway may read it at any moment.
      const part = at(`${session}.part`);
      await writeFile(part, `${host}\n${port}\n`, { mode: 0o600 });
      await give(part, NOBODY);
      await rename(part, at('targets', session));
    },
    /** Makes all tokens of a session invalid. */
    revoke: (session: string): Promise<void> => rm(at('targets', session), { force: true }),
    /** The sessions whose tokens lead to an address. */
    led: (): Promise<string[]> => readdir(at('targets')),
    /** The session that each process of the gateway serves, by `pid.startTicks`; also for processes that are gone. */
    viewers: async (): Promise<ReadonlyMap<string, string>> => {
      const names = await readdir(at('viewers'));
      const all = await Promise.all(
        names.map(async (name) => [name, await sessionOf(name)] as const),
      );
      known = new Map(all.filter(([, session]) => session !== ''));
      return known;
    },
    forget: async (viewers: Iterable<string>): Promise<void> => {
      for (const name of viewers) {
        await rm(at('viewers', name), { force: true });
      }
    },
    /** Forgets tokens that are too old to be used again. */
    forgetUsed: async (): Promise<void> => {
      const now = hostMs();
      for (const name of await readdir(at('used'))) {
        if (Number(name.split('.')[0]) + LATE_MS < now) {
          await rm(at('used', name), { force: true });
        }
      }
    },
  };
};

export type Tokens = ReturnType<typeof openTokens>;

/** The folders in the folder of tokens to which the gateway itself writes. */
export const writtenIn = (folder: string): string[] =>
  ['used', 'viewers'].map((name) => join(folder, name));

/** The host's monotonic clock in milliseconds, as the gateway reads it too. */
const hostMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** The secret of this boot, which is made on first use. */
const secretOf = (folder: string, bootId: string, random: Random): KeyObject => {
  const [path, bootPath] = [join(folder, 'secret'), join(folder, 'boot')];
  if (textOf(bootPath) !== bootId) {
    writeFileSync(path, random.bytes(SECRET_BYTES), { mode: 0o600 });
    writeFileSync(bootPath, bootId, { mode: 0o600 });
  }
  return createSecretKey(readFileSync(path));
};

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
