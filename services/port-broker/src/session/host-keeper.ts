import { statfsSync } from 'node:fs';
import { every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import {
  type Ending,
  endingsOf,
  shortageOf,
  type HostBounds,
  type Taking,
} from '../domain/host-share.ts';
import { hostShort } from './errors.ts';

/** Sessions of one type, as the keeper sees them. */
interface Kept {
  takings: () => Promise<Taking[]>;
  /** Ends a session, if it is one of these. */
  endFor: (ending: Ending) => Promise<void>;
}

/** Keeps what the program sessions of a host take together within bounds. */
export interface HostKeeper {
  /** Watches these sessions too. */
  keep(sessions: Kept): void;
  /** Throws RESOURCE_EXHAUSTED if no session of this owner may begin now. */
  admit(owner: Pick<Taking, 'owner' | 'isBound'>): Promise<void>;
  close(): void;
}

const EVERY_MS = 500;

/** `folder`: of the broker, on whose disk the leases are. `freeBytes` tells how much of that disk is free. */
export const openHostKeeper = ({
  clock,
  folder,
  bounds,
  freeBytes = () => freeOn(folder),
}: {
  clock: Clock;
  folder: string;
  bounds: HostBounds;
  freeBytes?: () => number;
}): HostKeeper => {
  const all: Kept[] = [];
  const takings = async (): Promise<Taking[]> =>
    (await Promise.all(all.map((each) => each.takings()))).flat();
  const loop = every({ clock, everyMs: EVERY_MS, isPauseFirst: true }, async () => {
    for (const ending of endingsOf(await takings(), freeBytes(), bounds)) {
      await Promise.all(all.map((each) => each.endFor(ending)));
    }
  });
  return {
    keep: (sessions) => void all.push(sessions),
    admit: async (owner) => {
      const shortage = shortageOf(await takings(), owner, freeBytes(), bounds);
      if (shortage !== undefined) {
        throw hostShort(shortage);
      }
    },
    close: () => void loop.stop(),
  };
};

const freeOn = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};
