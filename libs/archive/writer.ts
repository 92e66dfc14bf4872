import { closeSync, lstatSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Guard, shown, Unfit } from './bounds.ts';

/** Writes files and folders below a folder. */
export interface Writer extends Disposable {
  folder(path: string): void;
  /** Begins a file, in place of the one before. */
  file(path: string): void;
  write(bytes: Uint8Array): void;
}

const codeOf = (thrown: unknown): string | undefined => (thrown as NodeJS.ErrnoException).code;

/**
 * Writes synchronously, because that is the back pressure: nothing is read from an archive before what came of it is on disk.
 *
 * Files get mode 0644 and folders 0755 whatever an archive says: no file of a stranger is setuid, and none is closed to its owner. Nothing
 * is written through a link. `replaces`: a file takes the place of a link or file that was there; otherwise Unfit is thrown.
 */
export const createWriter = (root: string, guard: Guard, replaces: boolean): Writer => {
  /** Folders that are no links. */
  const known = new Set(['.', '']);
  let open: number | undefined;
  const close = (): void => {
    if (open !== undefined) {
      closeSync(open);
    }
    open = undefined;
  };
  const folder = (path: string): void => {
    const name = path.replace(/\/$/, '');
    if (known.has(name)) {
      return;
    }
    onTheWay(dirname(name));
    const place = join(root, name);
    try {
      mkdirSync(place, 0o755);
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') {
        throw thrown;
      }
      if (!lstatSync(place).isDirectory()) {
        throw new Unfit(`needs a folder ${shown(name)} where something else is`, { cause: thrown });
      }
    }
    known.add(name);
  };
  /** A folder that no entry names costs as much as one that has an entry. */
  const onTheWay = (path: string): void => {
    if (!known.has(path)) {
      guard.count();
      folder(path);
    }
  };
  const create = (path: string): number => {
    const place = join(root, path);
    try {
      return openSync(place, 'wx', 0o644);
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') {
        throw thrown;
      }
      if (!replaces || lstatSync(place).isDirectory()) {
        throw new Unfit(`has ${shown(path)} twice`, { cause: thrown });
      }
      rmSync(place);
      return openSync(place, 'wx', 0o644);
    }
  };
  return {
    folder,
    file: (path) => {
      close();
      onTheWay(dirname(path));
      open = create(path);
    },
    write: (bytes) => {
      if (open !== undefined) {
        writeFileSync(open, bytes);
      }
    },
    [Symbol.dispose]: close,
  };
};
