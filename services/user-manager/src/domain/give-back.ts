import type { Pool, Seat } from './seats.ts';

/** A session on the path from one that lacks a user to one that can spare one. */
interface Giver {
  seat: Seat;
  /** Whose users suit the receiver. */
  pool: Pool;
  receiver: Giver | undefined;
}

/**
 * Finds the sessions that must give users back until everybody has their share. Answers how many each has too many, by index.
 * Usually any user will do. `wantedBack` gets users by name if only some suit the receiver, or a third session must pass one on.
 */
export const giveBacks = (
  seats: readonly Seat[],
  pools: readonly Pool[],
  shares: readonly number[],
  wantedBack: Set<string>,
): number[] => {
  const surplus = seats.map(() => 0);
  const present = seats.map(({ held }) => held);
  const idle = new Map(pools.map((pool) => [pool, pool.idle.length]));

  const left = (pool: Pool, seat: Seat): string[] =>
    (pool.serving.get(seat.index) ?? []).filter((user) => !wantedBack.has(user));
  const poolsOf = (seat: Seat): Pool[] => pools.filter((pool) => pool.suits.includes(seat.index));
  const idlePoolFor = (seat: Seat): Pool | undefined =>
    poolsOf(seat).find((pool) => idle.get(pool)! > 0);
  const hasTooMany = (seat: Seat): boolean => present[seat.index]! > shares[seat.index]!;

  const search = (needy: Seat): Giver | undefined => {
    const seen = new Set([needy.index]);
    const queue: { seat: Seat; giver: Giver | undefined }[] = [{ seat: needy, giver: undefined }];
    for (const { seat: receiving, giver } of queue) {
      for (const pool of poolsOf(receiving)) {
        for (const index of pool.serving.keys()) {
          const seat = seats[index]!;
          if (!seen.has(index) && left(pool, seat).length > 0) {
            seen.add(index);
            const found: Giver = { seat, pool, receiver: giver };
            if (hasTooMany(seat) || idlePoolFor(seat) !== undefined) {
              return found;
            }
            queue.push({ seat, giver: found });
          }
        }
      }
    }
    return undefined;
  };

  /** Whether any user of the seat would do for the demand that comes next on the way. */
  const isAnyGood = (seat: Seat, receiver: Seat): boolean =>
    pools.every((pool) => left(pool, seat).length === 0 || pool.suits.includes(receiver.index));

  const carryOut = (needy: Seat, last: Giver): void => {
    if (hasTooMany(last.seat)) {
      present[last.seat.index]! -= 1;
      if (isAnyGood(last.seat, last.receiver?.seat ?? needy)) {
        surplus[last.seat.index]! += 1;
      } else {
        wantedBack.add(left(last.pool, last.seat).at(-1)!);
      }
    } else {
      const spare = idlePoolFor(last.seat)!;
      idle.set(spare, idle.get(spare)! - 1);
      wantedBack.add(left(last.pool, last.seat).at(-1)!);
    }
    for (let step = last.receiver; step !== undefined; step = step.receiver) {
      wantedBack.add(left(step.pool, step.seat).at(-1)!);
    }
    present[needy.index]! += 1;
  };

  for (const needy of seats) {
    while (present[needy.index]! < shares[needy.index]!) {
      const giver = search(needy);
      if (giver === undefined) {
        break;
      }
      carryOut(needy, giver);
    }
  }
  return surplus;
};
