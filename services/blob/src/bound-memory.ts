import { setDefaultHighWaterMark } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Keeps the process small: an upload of 512 MiB adds less than 50 MiB instead of 100. `main.ts` calls it once all is loaded. */
export const boundMemory = (): void => {
  // A stream of grpc-js reads sixteen messages of up to 1 MiB ahead, even for uploads that still wait for their turn.
  setDefaultHighWaterMark(true, 1);
  // Loading the code has made the young generation large, so dead buffers pile up. A collection of last resort shrinks it.
  // The growth factor, which V8 reads before it grows the young generation, keeps it small.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') {
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }
};
