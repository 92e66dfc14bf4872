import { createBell } from './bell.ts';

export interface WatchOptions<K, V> {
  /** Has each change told to `changed`; returns what ends that. */
  subscribe: (changed: (key: K, value: V) => void) => () => void;
  /** What there is now; read after the subscription, so that no change falls between. */
  present: () => Iterable<V>;
  /** Ends the watch: it throws the signal's reason. */
  signal: AbortSignal;
}

/**
 * What there is, then `undefined` as the sign that the present state is complete, then every change, without end. A slow
 * reader gets of each key only the latest value that it has not taken, so what waits is never more than one value a key.
 */
export async function* watchLatest<K, V>(options: WatchOptions<K, V>): AsyncGenerator<V | undefined, never> {
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
