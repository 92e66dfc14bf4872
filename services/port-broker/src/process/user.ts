import { execFile } from 'node:child_process';
import { chown, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findSandbox } from '#libs/sandbox/index.ts';

/** The user of the host as whom a program runs, if the broker may choose that because it is root. */
export interface User {
  uid: number;
  gid: number;
}

/** `nobody` and `nogroup`, who own nothing. */
export const NOBODY: User = { uid: 65_534, gid: 65_534 };

/** The root of a container may lack the rights of a host's root. Its programs then run as the broker does, confined. */
const canTurn = async (): Promise<boolean> => {
  const sandbox = await findSandbox({ noSandbox: false }).catch(() => undefined);
  return sandbox?.kind === 'bubblewrap' && sandbox.asRoot;
};

let known: Promise<boolean> | undefined;

/** Whether programs can run as other users than the broker's. It is tried once. */
export const isTurning = (): Promise<boolean> =>
  (known ??= process.getuid?.() === 0 ? canTurn() : Promise.resolve(false));

/** The user who owns a folder, with `NOBODY` in the place of root. */
export const ownerOf = async (folder: string): Promise<User> => {
  const { uid, gid } = await stat(folder);
  return { uid: uid === 0 ? NOBODY.uid : uid, gid: gid === 0 ? NOBODY.gid : gid };
};

/** Gives a user a file or folder of the broker. */
export const give = async (path: string, { uid, gid }: User): Promise<void> => {
  if (await isTurning()) {
    await chown(path, uid, gid);
  }
};

/** The same with all that is in the folder, links themselves and not what they lead to. */
export const giveAll = async (folder: string, { uid, gid }: User): Promise<void> => {
  if ((await isTurning()) && (await stat(folder)).uid !== uid) {
    await promisify(execFile)('/usr/bin/chown', ['-hR', `${uid}:${gid}`, '--', folder]);
  }
};
