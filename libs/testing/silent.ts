import { createLogger, type Logger } from '#libs/telemetry/index.ts';

/** A logger that is silent unless MUSTER_TEST_LOG is set. */
export const testLog: Logger = createLogger({
  service: 'test',
  level: process.env['MUSTER_TEST_LOG'] === undefined ? 'silent' : 'debug',
});

/** Listeners of a part that tell nobody, but for those that a test gives. */
export const silent = <Events extends object>(told: Partial<Events> = {}): Events =>
  new Proxy(told as Events, {
    get: (of, name) => Reflect.get(of, name) ?? ((): void => undefined),
  });
