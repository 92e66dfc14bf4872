import { emptyFlow } from './flow.ts';
import { type Pairing, type Pool, type Seat, serve } from './seats.ts';

/** Who needs users most, while they are given away. */
const needOf = (seats: readonly Seat[]) => {
  const held = seats.map((seat) => seat.held);
  const customers = new Map<string, { held: number; weight: number }>();
  for (const seat of seats) {
    const known = customers.get(seat.customer) ?? { held: 0, weight: 1 };
    customers.set(seat.customer, {
      held: known.held + seat.held,
      weight: Math.max(known.weight, seat.weight),
    });
  }
  return {
    /** Negative when `a` comes before `b`: the customer with fewer users for their weight, then the workload with fewer. */
    compare(a: Seat, b: Seat): number {
      const [one, two] = [customers.get(a.customer)!, customers.get(b.customer)!];
      return (
        one.held * two.weight - two.held * one.weight ||
        held[a.index]! - held[b.index]! ||
        (a.id < b.id ? -1 : 1)
      );
    },
    gets(seat: Seat): void {
      held[seat.index]! += 1;
      customers.get(seat.customer)!.held += 1;
    },
  };
};

const neediest = (seats: readonly Seat[], need: ReturnType<typeof needOf>): Seat =>
  seats.reduce((best, seat) => (need.compare(seat, best) < 0 ? seat : best));

/**
 * Gives idle users away, into `claims`, until no session that waits could use any of those left. Sessions below their share come
 * first, and among them those that could use no other user are considered; then come all others that wait.
 */
export const giveIdle = (
  seats: readonly Seat[],
  pools: readonly Pool[],
  shares: readonly number[],
  claims: Pairing[],
): void => {
  const need = needOf(seats);
  const give = (pool: Pool, seat: Seat): void => {
    const user = pool.idle.pop()!;
    serve(pool, seat, user);
    seat.held += 1;
    claims.push({ user, workload: seat.id });
  };

  const flow = emptyFlow(
    pools.map(({ idle, suits }) => ({ size: idle.length, suits })),
    // Users are not moved between workloads of a customer here: each is its own.
    seats.map(({ id, index, held }) => ({
      customer: id,
      wanted: Math.max(0, shares[index]! - held),
    })),
  );
  let lacking = seats.filter(({ index, held }) => held < shares[index]!);
  while (lacking.length > 0) {
    const next = neediest(lacking, need);
    if (flow.grow(next.index)) {
      need.gets(next);
    } else {
      lacking = lacking.filter((seat) => seat !== next);
    }
  }
  for (const [k, pool] of pools.entries()) {
    for (const seat of seats) {
      for (let n = flow.given[k]![seat.index]!; n > 0; n -= 1) {
        give(pool, seat);
      }
    }
  }

  const poolFor = (seat: Seat): Pool | undefined =>
    pools.find(({ idle, suits }) => idle.length > 0 && suits.includes(seat.index));
  const isWaiting = (seat: Seat): boolean =>
    seat.held + seat.leaving < seat.wanted && poolFor(seat) !== undefined;
  for (
    let waiting = seats.filter(isWaiting);
    waiting.length > 0;
    waiting = waiting.filter(isWaiting)
  ) {
    const next = neediest(waiting, need);
    give(poolFor(next)!, next);
    need.gets(next);
  }
};
