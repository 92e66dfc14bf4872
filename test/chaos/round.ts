import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '#libs/random/index.ts';
import { check } from './check.ts';
import { createCustomer } from './customer.ts';
import { createFaults } from './faults.ts';
import { createHistory } from './history.ts';
import type { ChaosMesh } from './mesh.ts';

/** A fault of a round, and its effect. */
export interface Struck {
  kind: string;
  /** How many journals had an append in flight when it struck. */
  appends: number;
  /** Time from its end to the next accepted result; undefined if there was none within five seconds, perhaps because of pauses. */
  recoveryMs: number | undefined;
}

/** The result of one round. */
export interface Round {
  seed: number;
  faults: Struck[];
  asked: Record<'ok' | 'failed' | 'unknown', number>;
  shown: number;
  violations: string[];
}

const CUSTOMERS = 4;
const HARM_MS = 30_000;
/** Time after the end of a fault within which results should be accepted again. */
const GOES_ON_MS = 5_000;
const DONE_WITHIN_MS = 30_000;
/** How long a fault waits for an append in flight. */
const AIM_MS = 500;

/**
 * Plays a round: customers work while faults strike one after another. After the last fault all work must be done within 30 s, and
 * then everything is checked.
 */
export const playRound = async (
  { mesh, agents, appends, db }: ChaosMesh,
  seed: number,
): Promise<Round> => {
  const random = seededRandom(seed);
  const history = createHistory();
  const since = new Date();
  const customers = await Promise.all(
    Array.from({ length: CUSTOMERS }, async (_, i) =>
      createCustomer(await mesh.customer(`c-${seed}-${i}`), seededRandom(seed * 100 + i), history),
    ),
  );
  const journal = db.collection('journal');
  const accepted = (): Promise<number> =>
    journal.countDocuments({ accepted: { $exists: true } }).catch(() => -1);
  /** Milliseconds until the next result is accepted; undefined if there is none within `GOES_ON_MS`. */
  const recovery = async (): Promise<number | undefined> => {
    const began = performance.now();
    const sooner = await accepted();
    while (performance.now() - began < GOES_ON_MS) {
      if ((await accepted()) > sooner) {
        return performance.now() - began;
      }
      await sleep(50);
    }
    return undefined;
  };

  const faults: Struck[] = [];
  const choose = createFaults(mesh, agents, random);
  const began = performance.now();
  await sleep(2_000);
  while (performance.now() - began < HARM_MS) {
    const fault = choose();
    if (random.float() < 0.5) {
      await appends.next(AIM_MS);
    }
    const struck: Struck = { kind: fault.kind, appends: appends.inFlight(), recoveryMs: undefined };
    faults.push(struck);
    await fault.strike();
    struck.recoveryMs = await recovery();
    await sleep(random.float() * 1_500);
  }

  const violations: string[] = [];
  for (const customer of customers) {
    customer.calm();
  }
  const late = new Error(`not all was done ${DONE_WITHIN_MS / 1_000} s after the last fault`);
  const timeout = sleep(DONE_WITHIN_MS, undefined, { ref: false }).then(() => Promise.reject(late));
  await Promise.race([Promise.all(customers.map(({ done }) => done)), timeout]).catch(
    (thrown: Error) => {
      violations.push(thrown.message);
    },
  );
  violations.push(...(await check(db, mesh.operator, history, since)));
  const count = (event: string): number =>
    history.all.filter((each) => each.event === event).length;
  const asked = { ok: count('ok'), failed: count('failed'), unknown: count('unknown') };
  return { seed, faults, asked, shown: count('shown'), violations };
};
