import { type DomainError, isDomainError } from '#libs/errors/index.ts';
import { createLogger } from '#libs/telemetry/index.ts';
import type { Bus } from './bus.ts';
import { type BusOptions, connectBus } from './connect.ts';

/** A bus of a test: silent unless told otherwise. */
export const testBus = (url: string, options: Partial<BusOptions> = {}): Promise<Bus> =>
  connectBus({
    url,
    name: 'spec',
    logger: createLogger({ service: 'spec', level: 'silent' }),
    ...options,
  });

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The DomainError that a promise rejects with; throws when it does not. */
export const errorOf = async (work: Promise<unknown>): Promise<DomainError> => {
  try {
    await work;
  } catch (thrown) {
    if (isDomainError(thrown)) {
      return thrown;
    }
    throw thrown;
  }
  throw new Error('it was expected to reject');
};
