import { createFairLimit, every } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import { createDecoder, type PictureDecoder } from '#libs/pictures/index.ts';
import type { Sandbox } from '#libs/sandbox/index.ts';

/** How many pictures are decoded at a time. Each may take 4 GiB. */
const AT_ONCE = 2;
/** A program without work is ended after this time. */
const IDLE_MS = 30_000;
/** Programs at work and without, at 70 MiB each. Each start that this saves takes as long as twenty checks of small frames. */
const MAX_PROGRAMS = 6;

/** A decoder without work. */
interface Idle {
  owner: string;
  decoder: PictureDecoder;
  since: number;
}

/** Decoders of pictures. One that takes its program over reaches no other owner's. */
export interface Decoders extends AsyncDisposable {
  /**
   * Runs `use` with a decoder that has only pictures of this owner: a workload, or an object. An owner has one program, so one with
   * large pictures holds up nobody else.
   */
  with<T>(owner: string, use: (decoder: PictureDecoder) => Promise<T>): Promise<T>;
}

/** Creates decoders: a few warm programs, each for one owner. `findSandbox` is asked before the first. */
export const createDecoders = ({
  findSandbox,
  clock,
}: {
  findSandbox: () => Promise<Sandbox>;
  clock: Clock;
}): Decoders => {
  const limit = createFairLimit(AT_ONCE);
  let atWork = 0;
  /** The longest without work first. */
  let idle: Idle[] = [];
  let sandbox: Promise<Sandbox> | undefined;

  const findOnce = (): Promise<Sandbox> => {
    sandbox ??= findSandbox();
    sandbox.catch(() => (sandbox = undefined));
    return sandbox;
  };

  const end = async (some: readonly Idle[]): Promise<void> => {
    idle = idle.filter((each) => !some.includes(each));
    await Promise.all(some.map(({ decoder }) => decoder[Symbol.asyncDispose]()));
  };

  const take = async (owner: string): Promise<PictureDecoder> => {
    const own = idle.findLast((each) => each.owner === owner);
    if (own !== undefined) {
      idle = idle.filter((each) => each !== own);
      return own.decoder;
    }
    if (idle.length + atWork > MAX_PROGRAMS) {
      await end(idle.slice(0, 1));
    }
    return createDecoder({ sandbox: await findOnce(), clock });
  };

  const expiry = every({ clock, everyMs: IDLE_MS / 2, isPauseFirst: true }, () =>
    end(idle.filter(({ since }) => clock.monotonic() - since >= IDLE_MS)),
  );

  return {
    with: (owner, use) =>
      limit(owner, async () => {
        atWork += 1;
        try {
          const decoder = await take(owner);
          try {
            return await use(decoder);
          } finally {
            idle.push({ owner, decoder, since: clock.monotonic() });
          }
        } finally {
          atWork -= 1;
        }
      }),
    [Symbol.asyncDispose]: async () => {
      await expiry.stop();
      await end(idle);
    },
  };
};
