import { testLog } from '#libs/testing/index.ts';
import type { Bus } from './bus.ts';
import { type BusOptions, connectBus } from './connect.ts';

/** A bus of a test: silent unless told otherwise. */
export const testBus = (url: string, options: Partial<BusOptions> = {}): Promise<Bus> =>
  connectBus({
    url,
    name: 'spec',
    logger: testLog,
    ...options,
  });

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
