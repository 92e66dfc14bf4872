import { z } from 'zod';
import { poll } from '#libs/async/index.ts';
import { type Clock, systemClock } from '#libs/clock/index.ts';
import {
  ConfigError,
  type Environment,
  loadConfig,
  withFlags,
  boolean,
  integer,
  oneOf,
  text,
} from '#libs/config/index.ts';
import { createLogger, logLevels } from '#libs/telemetry/index.ts';
import { identityOf, isAlive } from '#libs/programs/index.ts';
import { crash, impatience, listenToStopRequests } from './hard-ends.ts';
import { live, type Start, type ExitCode, refuseToStart } from './live.ts';

interface ServiceOptions {
  /** As in logs and process lists, `session-supervisor`. */
  name: string;
  /** `process.env`. */
  env: Environment;
  /** `process.argv.slice(2)`; default none. */
  args?: readonly string[];
  /** The service's variables, for flags and for naming every wrong one at once; `start` loads them again, typed. */
  variables?: z.ZodObject;
  start: Start;
  /** The longest that drain and close may take together; default 20 s. */
  drainMs?: number;
  clock?: Clock;
}

const DRAIN_MS = 20_000;

/**
 * Runs a service until it is asked to stop; the whole of a `main.ts`. Answers the exit code and never rejects.
 *
 * SIGTERM, SIGINT or the end of MUSTER_PARENT_PID drain it: first `drain`, then everything in the stack in reverse order. A second
 * signal more than half a second later, `drainMs`, or an exception that nobody caught end it at once.
 */
export const runService = async (options: ServiceOptions): Promise<ExitCode> => {
  const { name, start, clock = systemClock, drainMs = DRAIN_MS } = options;
  const read = readProcess(options);
  if (read instanceof ConfigError) {
    return refuseToStart(name, read);
  }
  const { env, own } = read;
  const log = createLogger({
    service: name,
    level: own.MUSTER_LOG_LEVEL,
    pretty: own.MUSTER_LOG_PRETTY,
  });
  using requests = listenToStopRequests(clock);
  using crashed = crash(log);
  using impatient = impatience(requests, drainMs, clock, log);
  const parentPid = own.MUSTER_PARENT_PID;
  if (parentPid !== undefined) {
    void processGone(parentPid, clock, requests.first).then(() =>
      requests.request(`process ${parentPid} is gone`),
    );
  }
  const runtime = { env, log, stack: new AsyncDisposableStack(), signal: requests.first };
  const life = live(name, runtime, start, own.MUSTER_READY_FILE);
  return await Promise.race([life, crashed.happened, impatient.happened]);
};

/** The service's variables are loaded here only to report what is wrong with them together with the process' own. */
const readProcess = ({ env, args = [], variables }: ServiceOptions) => {
  const schema = z.object({ ...variables?.shape, ...processSchema.shape });
  try {
    const merged = withFlags(schema, env, args);
    loadConfig(schema, merged);
    return { env: merged, own: loadConfig(processSchema, merged) };
  } catch (thrown) {
    if (thrown instanceof ConfigError) {
      return thrown;
    }
    throw thrown;
  }
};

const PARENT_POLL_MS = 500;

/** Resolves when the process is gone, also where another one has its number by now, and when `signal` aborts. */
const processGone = async (pid: number, clock: Clock, signal: AbortSignal): Promise<void> => {
  const identity = await identityOf(pid);
  if (identity === undefined) {
    return;
  }
  const isGone = async () => !(await isAlive(identity));
  await poll(isGone, { clock, everyMs: PARENT_POLL_MS, signal }).catch(() => {});
};

/** The variables that every process of the mesh takes beside its own. */
const processSchema = z.object({
  MUSTER_LOG_LEVEL: oneOf(logLevels).prefault('info'),
  /** Lines for people instead of JSON. */
  MUSTER_LOG_PRETTY: boolean().prefault('0'),
  /** Drain when this process is gone: an agent ends with the `muster agent` that started it. */
  MUSTER_PARENT_PID: integer({ min: 1, max: 2 ** 31 - 1 }).optional(),
  /** Written once the service can be reached: `{"pid": 1, "address": "ipv4:127.0.0.1:7401"}`. */
  MUSTER_READY_FILE: text('/run/muster/ready.json').optional(),
});
