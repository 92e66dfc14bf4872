import { abortable, createGate } from '#libs/async/index.ts';
import type { Blobs } from './blobs.ts';

type Look = ReturnType<Blobs['stat']>;

/** Requests to the storage at a time, of one customer and of all. */
const LOOKS_EACH = 16;
const LOOKS = 64;

/**
 * Looks at the blobs of customers, few of one customer at a time, because one call may ask for a thousand. Whoever asks for a blob that
 * somebody looks at waits for the same answer.
 */
export const createLooks = ({ stat }: Pick<Blobs, 'stat'>) => {
  const gate = createGate({ places: LOOKS, placesEach: LOOKS_EACH });
  const open = new Map<string, Look>();
  const look = async (customer: string, name: string): Look => {
    // Others may wait for it when its first asker leaves. Each look ends within seconds, so nobody stands in the way for long.
    const { signal } = new AbortController();
    try {
      using _place = await gate.enter(customer, signal);
      return await stat(name, signal);
    } finally {
      open.delete(name);
    }
  };
  return {
    /** As `Blobs.stat`, for a blob of this customer. */
    stat: async (customer: string, name: string, signal: AbortSignal): Look => {
      signal.throwIfAborted();
      const looking = open.get(name) ?? look(customer, name);
      open.set(name, looking);
      return abortable(looking, signal);
    },
  };
};

export type Looks = ReturnType<typeof createLooks>;
