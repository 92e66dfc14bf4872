import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { seededRandom } from '#libs/random/index.ts';
import type { RunningService } from '#libs/testing/index.ts';
import type { Mesh } from '../harness/mesh.ts';
import { check } from './check.ts';
import { createCustomer } from './customer.ts';
import { faultsOf } from './faults.ts';
import { createHistory } from './history.ts';

/** What came of one round. */
export interface Round {
  seed: number;
  faults: string[];
  /** Milliseconds from the end of each fault until more was accepted, by its kind; undefined where nothing was by the end. */
  recoveries: { kind: string; ms: number | undefined }[];
  asked: { ok: number; failed: number; unknown: number };
  violations: string[];
}

const CUSTOMERS = 4;
const HARM_MS = 30_000;
const DONE_WITHIN_MS = 30_000;

/** Customers at work, faults one after the other, then quiet: within 30 s all must be done; then everything is checked. */
export const playRound = async (
  mesh: Mesh,
  agents: readonly RunningService[],
  db: Db,
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
  const accepted = (): Promise<number> => journal.countDocuments({ accepted: { $exists: true } }).catch(() => -1);
  const round: Round = { seed, faults: [], recoveries: [], asked: { ok: 0, failed: 0, unknown: 0 }, violations: [] };

  const faults = faultsOf(mesh, agents, random);
  const measure = async (kind: string): Promise<void> => {
    const began = performance.now();
    const before = await accepted();
    for (;;) {
      const ms = performance.now() - began;
      if ((await accepted()) > before) return void round.recoveries.push({ kind, ms });
      if (ms > DONE_WITHIN_MS) return void round.recoveries.push({ kind, ms: undefined });
      await sleep(50);
    }
  };
  const measuring: Promise<void>[] = [];
  const began = performance.now();
  await sleep(2_000);
  while (performance.now() - began < HARM_MS) {
    const fault = faults[Math.floor(random.float() * faults.length)]!;
    round.faults.push(fault.kind);
    await fault.strike();
    measuring.push(measure(fault.kind));
    await sleep(random.float() * 1_500);
  }
  for (const customer of customers) customer.calm();
  const late = sleep(DONE_WITHIN_MS, 'late', { ref: false });
  if ((await Promise.race([Promise.all(customers.map(({ done }) => done)), late])) === 'late') {
    round.violations.push(`not all was done ${DONE_WITHIN_MS / 1_000} s after the last fault`);
  }
  await Promise.all(measuring);
  round.violations.push(...(await check(db, mesh.operator, history, since)));
  for (const { outcome } of history.all) round.asked[outcome] += 1;
  return round;
};
