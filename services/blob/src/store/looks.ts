import { abortable, createGate } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Blobs } from './blobs.ts';

type Look = ReturnType<Blobs['stat']>;

/** Requests to the storage at a time, of one customer and of all. */
const LOOKS_EACH = 16;
const LOOKS = 64;
/** How long a blob that was seen counts as stored, and how many are remembered. */
const REMEMBERED_MS = 5_000;
const MAX_REMEMBERED = 20_000;

/**
 * Looks at the blobs of customers, few of one customer at a time, because one call may ask for a thousand. Whoever asks for a blob that
 * somebody looks at, or saw some seconds ago, gets the same answer. A blob that is missing is looked for again each time.
 */
export const createLooks = ({ stat }: Pick<Blobs, 'stat'>, clock: Clock) => {
  const gate = createGate({ places: LOOKS, placesEach: LOOKS_EACH });
  const open = new Map<string, Look>();
  /** The oldest first. */
  const seen = new Map<string, { there: Awaited<Look>; untilMs: number }>();
  const remember = (name: string, there: Awaited<Look>): void => {
    const now = clock.monotonic();
    for (const [old, { untilMs }] of seen) {
      if (untilMs > now && seen.size < MAX_REMEMBERED) {
        break;
      }
      seen.delete(old);
    }
    seen.delete(name);
    seen.set(name, { there, untilMs: now + REMEMBERED_MS });
  };
  const look = async (customer: string, name: string): Look => {
    // Others may wait for it when its first asker leaves. Each look ends within seconds, so nobody stands in the way for long.
    const { signal } = new AbortController();
    try {
      using _place = await gate.enter(customer, signal);
      const there = await stat(name, signal);
      if (there !== undefined) {
        remember(name, there);
      }
      return there;
    } finally {
      open.delete(name);
    }
  };
  return {
    /** As `Blobs.stat`, for a blob of this customer. */
    stat: async (customer: string, name: string, signal: AbortSignal): Look => {
      signal.throwIfAborted();
      const known = seen.get(name);
      if (known !== undefined && known.untilMs > clock.monotonic()) {
        return known.there;
      }
      const looking = open.get(name) ?? look(customer, name);
      open.set(name, looking);
      return abortable(looking, signal);
    },
  };
};

export type Looks = ReturnType<typeof createLooks>;
