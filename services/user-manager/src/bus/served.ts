import type { Serving } from '#libs/nats/index.ts';

/** Subjects that are served together. */
export type Served = Pick<Serving, 'ready' | 'close'>;

/** Serves all of them as one. */
export const together = (all: readonly Serving[]): Served => ({
  async ready() {
    await Promise.all(all.map((each) => each.ready()));
  },
  async close() {
    await Promise.all(all.map((each) => each.close()));
  },
});
