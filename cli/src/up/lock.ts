import { randomBytes } from 'node:crypto';
import { link, open, realpath, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { DomainError } from '#libs/errors/index.ts';
import { precondition } from '../failures.ts';
import { readIfThere, writePrivateJson } from './files.ts';
import { hasOpen, identityOf, isAlive, type ProcessIdentity } from '#libs/programs/index.ts';

const holderSchema = z.object({
  bootId: z.string(),
  pid: z.number().int().positive(),
  startTicks: z.string(),
});

/**
 * Takes the lock, which makes this process the only `up` of a directory until it is disposed of; a dead holder loses it.
 *
 * @throws FAILED_PRECONDITION `ALREADY_UP` while another process holds it
 */
export const takeLock = async (path: string): Promise<AsyncDisposable> => {
  const self = await identityOf(process.pid);
  if (self === undefined) {
    throw new Error('/proc does not know this process');
  }
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writePrivateJson(draft, self);
  try {
    while (!(await tryLink(draft, path))) {
      await clearDead(path);
    }
  } finally {
    await rm(draft, { force: true });
  }
  // Held open, because `down` checks that this pid has the file open before it signals it.
  const file = await open(path, 'r');
  return {
    [Symbol.asyncDispose]: async () => {
      await file.close();
      await rm(path, { force: true });
    },
  };
};

/** The living holder of the lock, proven by the lock file that it holds open; undefined if nobody holds it. */
export const findHolder = async (path: string): Promise<ProcessIdentity | undefined> => {
  const holder = parse(await readIfThere(path));
  if (holder === undefined || !(await isAlive(holder))) {
    return undefined;
  }
  return (await hasOpen(holder.pid, await realpath(path).catch(() => path))) ? holder : undefined;
};

/** FAILED_PRECONDITION `ALREADY_UP`. */
export const alreadyUp = ({ pid }: ProcessIdentity): DomainError =>
  precondition(
    'ALREADY_UP',
    `a mesh runs here already (process ${pid}); end it with \`muster down\``,
    { pid },
  );

/** Making a hard link is atomic: of several processes that race for it one succeeds. */
const tryLink = async (draft: string, path: string): Promise<boolean> => {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      return false;
    }
    throw error;
  }
};

const clearDead = async (path: string): Promise<void> => {
  const before = await readIfThere(path);
  const holder = parse(before);
  if (holder !== undefined && (await isAlive(holder))) {
    throw alreadyUp(holder);
  }
  // Moved aside instead of removed: only one of several processes can move it, and then sees whether it moved the dead one.
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return;
    }
    throw error;
  }
  if ((await readIfThere(aside)) !== before) {
    await tryLink(aside, path);
  }
  await rm(aside, { force: true });
};

/** Undefined also where somebody edited the file: it then proves nothing about anybody. */
const parse = (text: string | undefined): ProcessIdentity | undefined => {
  try {
    return holderSchema.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
};
