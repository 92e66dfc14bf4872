import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '#libs/random/index.ts';
import { check } from './check.ts';
import { createCustomer } from './customer.ts';
import { createFaults } from './faults.ts';
import { createHistory } from './history.ts';
import type { ChaosMesh } from './mesh.ts';

/** A fault of a round, and what came of it. */
export interface Struck {
  kind: string;
  /** How many journals were being written as it struck. */
  appends: number;
  /** From its end until more was accepted; undefined where nothing was within five seconds: perhaps all was paused. */
  recoveryMs: number | undefined;
}

/** What came of one round. */
export interface Round {
  seed: number;
  faults: Struck[];
  asked: Record<'ok' | 'failed' | 'unknown', number>;
  shown: number;
  violations: string[];
}

const CUSTOMERS = 4;
const HARM_MS = 30_000;
/** From the end of a fault. */
const GOES_ON_MS = 5_000;
const DONE_WITHIN_MS = 30_000;
/** For so long a fault waits for a journal that is written. */
const AIM_MS = 500;

/** Customers at work, faults one after the other, then quiet: within 30 s all must be done; then everything is checked. */
export const playRound = async ({ mesh, agents, appends, db }: ChaosMesh, seed: number): Promise<Round> => {
  const random = seededRandom(seed);
  const history = createHistory();
  const since = new Date();
  const customers = await Promise.all(
    Array.from({ length: CUSTOMERS }, async (_, i) =>
      createCustomer(await mesh.customer(`c-${seed}-${i}`), seededRandom(seed * 100 + i), history),
    ),
  );
  const journal = db.collection('journal');
  const accepted = (): Promise<number> => journal.countDocuments({ accepted: { $exists: true } }).catch(() => -1);
  /** Milliseconds until more is accepted; undefined if nothing is for as long as that may take. */
  const recovery = async (): Promise<number | undefined> => {
    const began = performance.now();
    const sooner = await accepted();
    while (performance.now() - began < GOES_ON_MS) {
      if ((await accepted()) > sooner) return performance.now() - began;
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
    if (random.float() < 0.5) await appends.next(AIM_MS);
    const struck: Struck = { kind: fault.kind, appends: appends.inFlight(), recoveryMs: undefined };
    faults.push(struck);
    await fault.strike();
    struck.recoveryMs = await recovery();
    await sleep(random.float() * 1_500);
  }

  const violations: string[] = [];
  for (const customer of customers) customer.calm();
  const late = new Error(`not all was done ${DONE_WITHIN_MS / 1_000} s after the last fault`);
  const timeout = sleep(DONE_WITHIN_MS, undefined, { ref: false }).then(() => Promise.reject(late));
  await Promise.race([Promise.all(customers.map(({ done }) => done)), timeout]).catch((thrown: Error) => {
    violations.push(thrown.message);
  });
  violations.push(...(await check(db, mesh.operator, history, since)));
  const count = (event: string): number => history.all.filter((each) => each.event === event).length;
  const asked = { ok: count('ok'), failed: count('failed'), unknown: count('unknown') };
  return { seed, faults, asked, shown: count('shown'), violations };
};
