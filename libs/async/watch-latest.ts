import { createBell } from './bell.ts';

interface WatchOptions<K, V> {
  /** Reports each change to `changed`. Returns the function that ends this. */
  subscribe: (changed: (key: K, value: V) => void) => () => void;
  /** The present state. It is read after the subscription, because a change in between would be lost. */
  present: () => Iterable<V>;
  /** Its abort ends the watch, which throws its reason. */
  signal: AbortSignal;
}

/**
 * Gives the present state, then `undefined` as the sign that it is complete, then every change, without end. A slow reader
 * gets only the latest value of each key, so at most one value per key waits.
 */
export async function* watchLatest<K, V>(
  options: WatchOptions<K, V>,
): AsyncGenerator<V | undefined, never> {
  const { subscribe, present, signal } = options;
  const waiting = new Map<K, V>();
  const bell = createBell();
  const unsubscribe = subscribe((key, value) => {
    waiting.set(key, value);
    bell.ring();
  });
  try {
    yield* present();
    yield undefined;
    for (;;) {
      signal.throwIfAborted();
      const [next] = waiting;
      if (next === undefined) {
        await bell.rung(signal);
        continue;
      }
      waiting.delete(next[0]);
      yield next[1];
    }
  } finally {
    unsubscribe();
  }
}
