import { emptyFlow, type UserClass } from './flow.ts';

/** What the shares need to know of a demand. */
export interface ShareDemand {
  id: string;
  customer: string;
  weight: number;
  /** More than this it never gets. */
  wanted: number;
  /** How many it has now: where two divisions are equally fair, the one that moves nobody is taken. */
  held: number;
}

interface Customer {
  id: string;
  weight: number;
  held: number;
  count: number;
}

const customersOf = (demands: readonly ShareDemand[]): Map<string, Customer> => {
  const customers = new Map<string, Customer>();
  for (const { customer: id, weight, held } of demands) {
    const known = customers.get(id) ?? { id, weight: 1, held: 0, count: 0 };
    customers.set(id, { ...known, weight: Math.max(known.weight, weight), held: known.held + held });
  }
  return customers;
};

/** Below zero when the customer `a` comes before `b`: who has least for their weight, then who would lose somebody. */
const compareCustomers = (a: Customer, b: Customer): number =>
  a.count * b.weight - b.count * a.weight ||
  Number(b.held > b.count) - Number(a.held > a.count) ||
  b.weight - a.weight ||
  (a.id < b.id ? -1 : 1);

/**
 * How many users are each demand's fair share, by its index: max-min fair between customers by weight, then between one
 * customer's workloads. Nobody gets more than they want; no user stays idle whom somebody who waits could use; every
 * customer who waits gets a first user before anybody gets more.
 */
export const fairShares = (demands: readonly ShareDemand[], classes: readonly UserClass[]): number[] => {
  const flow = emptyFlow(classes, demands.length);
  const customers = customersOf(demands);
  const compare = (a: number, b: number): number => {
    const [one, two] = [demands[a]!, demands[b]!];
    return one.customer === two.customer
      ? flow.counts[a]! - flow.counts[b]! ||
          Number(two.held > flow.counts[b]!) - Number(one.held > flow.counts[a]!) ||
          (one.id < two.id ? -1 : 1)
      : compareCustomers(customers.get(one.customer)!, customers.get(two.customer)!);
  };
  let waiting = demands.flatMap(({ wanted }, index) => (wanted > 0 ? [index] : []));
  while (waiting.length > 0) {
    const next = waiting.reduce((best, index) => (compare(index, best) < 0 ? index : best));
    const hasGrown = flow.grow(next);
    if (hasGrown) {
      customers.get(demands[next]!.customer)!.count += 1;
    }
    if (!hasGrown || flow.counts[next]! >= demands[next]!.wanted) {
      waiting = waiting.filter((index) => index !== next);
    }
  }
  return [...flow.counts];
};
