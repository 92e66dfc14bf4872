import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import type { FurtherFile, PartFile } from '../engines/engine.ts';
import { moveAllDurably, moveDurably } from '../files.ts';
import { openDatabase, type Change, type Database } from './database.ts';
import { bytesOf, decode, encode, filesOf, type Kept } from './kept.ts';

/** What one machine has finished and the mesh has not decided. */
export type Outbox = ReturnType<Outboxes['of']>;

/** The outboxes of a process's machines: one database, because then one write makes the results of all durable. */
export type Outboxes = ReturnType<typeof openOutboxes>;

interface OutboxOptions {
  dir: string;
  /** At these bounds the agent takes no more work, until a tenth of them is free again. */
  limits: { records: number; bytes: number };
  clock: Clock;
  random: Random;
  log: Logger;
  /** Default: the one in `dir`. */
  database?: Database;
}

/** The pause before a refused write is tried again. */
const AGAIN_MS = 1_000;
const ROOM_AGAIN = 0.9;

/** Opens the outboxes in a folder. Throws OutboxInUseError if another agent has it open. */
export const openOutboxes = ({ dir, limits, clock, random, log, ...rest }: OutboxOptions) => {
  const files = join(dir, 'files');
  mkdirSync(files, { recursive: true });
  const database = rest.database ?? openDatabase(dir, log);
  const machines = new Map<string, Map<string, Kept>>();
  const listeners: ((hasRoom: boolean, why: string) => void)[] = [];
  let records = 0;
  let bytes = 0;
  let changes: Change[] = [];
  let written = Promise.withResolvers<void>();
  let isScheduled = false;
  let isTaken = true;
  let hadRoom = true;
  let isClosed = false;

  const recordsOf = (machine: string): Map<string, Kept> => {
    const known = machines.get(machine) ?? new Map<string, Kept>();
    machines.set(machine, known);
    return known;
  };

  /** What of the outbox's own a path is, or is in: a file, or a folder with the parts of a result. Undefined if it is elsewhere. */
  const ownOf = (path: string): string | undefined => {
    for (const own of [path, dirname(path)]) {
      if (dirname(own) === files) {
        return own;
      }
    }
    return undefined;
  };

  const load = (): void => {
    const named = new Set<string>();
    for (const { machine, key, bytes: stored } of database.load()) {
      const kept = decode(stored);
      if (kept === undefined) {
        log.error(
          { machine, key },
          'a record of finished work cannot be read; that work is done again',
        );
        changes.push({ machine, key, bytes: undefined });
        continue;
      }
      recordsOf(machine).set(key, kept);
      records += 1;
      bytes += bytesOf(kept);
      for (const file of filesOf(kept)) {
        named.add(ownOf(file) ?? file);
      }
    }
    // A run moved these files here and ended before it could record them.
    for (const name of readdirSync(files)) {
      if (!named.has(join(files, name))) {
        rmSync(join(files, name), { recursive: true, force: true });
      }
    }
  };

  const whyNoRoom = (): string => {
    const share = hadRoom ? 1 : ROOM_AGAIN;
    if (!isTaken) {
      return 'the disk refuses writes';
    }
    if (records >= limits.records * share) {
      return `${records} results wait to be acknowledged`;
    }
    return bytes >= limits.bytes * share ? `${bytes} bytes of results wait to be acknowledged` : '';
  };

  const checkRoom = (): void => {
    const why = whyNoRoom();
    if ((why === '') === hadRoom) {
      return;
    }
    hadRoom = why === '';
    if (hadRoom) {
      log.info('there is room for results again; the agent takes work');
    } else {
      log.error({ why, dir }, 'no room for results; the agent takes no work until there is');
    }
    for (const listener of listeners) {
      listener(hadRoom, why);
    }
  };

  const write = (): void => {
    isScheduled = false;
    if (isClosed) {
      return;
    }
    const now = changes;
    const { resolve } = written;
    try {
      database.write(now);
    } catch (thrown) {
      if (isTaken) {
        log.error({ err: thrown, dir }, 'finished work cannot be recorded; the agent tries again');
      }
      isTaken = false;
      checkRoom();
      isScheduled = true;
      clock.setTimer(AGAIN_MS, write);
      return;
    }
    changes = [];
    written = Promise.withResolvers<void>();
    isTaken = true;
    checkRoom();
    resolve();
  };

  /** Resolves when this change is durable, together with all others of this turn of the event loop. */
  const change = (one: Change): Promise<void> => {
    changes.push(one);
    if (!isScheduled) {
      isScheduled = true;
      setImmediate(write);
    }
    return written.promise;
  };

  const adoptFile = async (file: string): Promise<string> => {
    if (file === '' || ownOf(file) !== undefined) {
      return file;
    }
    const own = join(files, `${random.id('f')}${extname(file)}`);
    await moveDurably(file, own);
    return own;
  };

  /** Moves the parts of a result to a folder of their own. */
  const adoptParts = async (parts: readonly PartFile[]): Promise<PartFile[]> => {
    const moves = new Map<string, string>();
    const folder = join(files, random.id('d'));
    const adopted = parts.map((part, i) => {
      const { file } = part;
      if (file === undefined || ownOf(file) !== undefined) {
        return part;
      }
      const own = moves.get(file) ?? join(folder, String(i));
      moves.set(file, own);
      return { ...part, file: own };
    });
    if (moves.size > 0) {
      await mkdir(folder);
      await moveAllDurably([...moves], folder);
    }
    return adopted;
  };

  /** Moves a result's files to the outbox, before any record names them. */
  const adopt = async (kept: Kept): Promise<Kept> => {
    const { outcome } = kept;
    if (outcome.kind !== 'completed') {
      return kept;
    }
    const further: FurtherFile[] = [];
    for (const each of outcome.files ?? []) {
      further.push({ ...each, file: await adoptFile(each.file) });
    }
    const file = outcome.file === undefined ? undefined : await adoptFile(outcome.file);
    const parts = outcome.parts && (await adoptParts(outcome.parts));
    return {
      ...kept,
      outcome: {
        ...outcome,
        ...(file !== undefined && { file }),
        ...(further.length > 0 && { files: further }),
        ...(parts && { parts }),
      },
    };
  };

  const removeFiles = (paths: readonly string[]): void => {
    for (const own of new Set(paths.map((path) => ownOf(path) ?? path))) {
      void rm(own, { recursive: true, force: true }).catch(() => undefined);
    }
  };

  load();
  return {
    /** Names the next stream to the mesh. Without a name, which a full disk may cost, it is as good as an older agent's. */
    nextStream: (): { installation: string; ordinal: number } => {
      try {
        return database.nextStream(random.id('i'));
      } catch (thrown) {
        log.warn(
          { err: thrown, dir },
          'a stream has no number, because the disk refuses the write',
        );
        return { installation: '', ordinal: 0 };
      }
    },
    of(machine: string) {
      const own = recordsOf(machine);
      const put = (kept: Kept): Promise<void> => {
        const before = own.get(kept.key);
        if (before === undefined) {
          records += 1;
        } else {
          const still = new Set(filesOf(kept));
          removeFiles(filesOf(before).filter((file) => !still.has(file)));
        }
        bytes += bytesOf(kept) - (before === undefined ? 0 : bytesOf(before));
        own.set(kept.key, kept);
        checkRoom();
        return change({ machine, key: kept.key, bytes: encode(kept) });
      };
      return {
        /** What an earlier run left. */
        restored: [...own.values()],
        /** Keeps or replaces a record. Resolves with it when it is durable; its file then belongs to the outbox. */
        async keep(kept: Kept): Promise<Kept> {
          const adopted = filesOf(kept).length === 0 ? kept : await adopt(kept);
          await put(adopted);
          return adopted;
        },
        get: (key: string) => own.get(key),
        /** Removes the record and the file, because the mesh has decided. */
        forget(key: string): void {
          const kept = own.get(key);
          if (kept === undefined) {
            return;
          }
          own.delete(key);
          records -= 1;
          bytes -= bytesOf(kept);
          removeFiles(filesOf(kept));
          checkRoom();
          // If the process ends before, the next one reports the result once more.
          void change({ machine, key, bytes: undefined });
        },
        size: () => own.size,
      };
    },
    /** Whether the disk accepts writes and the waiting results are within their bounds. */
    hasRoom: () => hadRoom,
    /** Calls back when that changes. */
    onRoom: (listener: (hasRoom: boolean, why: string) => void): void =>
      void listeners.push(listener),
    async close(): Promise<void> {
      if (isClosed) {
        return;
      }
      if (changes.length > 0 && isTaken) {
        await written.promise;
      }
      isClosed = true;
      database.close();
    },
  };
};
