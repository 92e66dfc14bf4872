import { emptyFlow, type Flow, type FlowDemand, type UserClass } from './flow.ts';

/** What the shares need to know of a demand. */
export interface ShareDemand extends FlowDemand {
  id: string;
  weight: number;
  /** How many it has now. Of two equally fair divisions, the one that moves nobody is chosen. */
  held: number;
}

interface Customer {
  id: string;
  weight: number;
  held: number;
  count: number;
  /** Indexes. */
  demands: number[];
}

const customersOf = (demands: readonly ShareDemand[]): Customer[] => {
  const customers = new Map<string, Customer>();
  for (const [index, { customer: id, weight, held }] of demands.entries()) {
    const known = customers.get(id) ?? { id, weight: 1, held: 0, count: 0, demands: [] };
    customers.set(id, {
      ...known,
      weight: Math.max(known.weight, weight),
      held: known.held + held,
      demands: [...known.demands, index],
    });
  }
  return [...customers.values()];
};

/** Negative when customer `a` comes before `b`: first the one with the fewest users for their weight, then the one who would lose a user. */
const compareCustomers = (a: Customer, b: Customer): number =>
  a.count * b.weight - b.count * a.weight ||
  Number(b.held > b.count) - Number(a.held > a.count) ||
  b.weight - a.weight ||
  (a.id < b.id ? -1 : 1);

/** A customer's demands. The first one should grow next. */
const inOrder = (
  { demands: own }: Customer,
  demands: readonly ShareDemand[],
  { counts }: Flow,
): number[] =>
  own.toSorted(
    (a, b) =>
      counts[a]! - counts[b]! ||
      Number(demands[b]!.held > counts[b]!) - Number(demands[a]!.held > counts[a]!) ||
      (demands[a]!.id < demands[b]!.id ? -1 : 1),
  );

/** The cost of giving a demand this many users: unevenness counts first, moving a user second. */
const badness = (count: number, held: number): number =>
  1_000 * count * count + Math.abs(count - held);

/**
 * Divides a customer's users evenly between their workloads and leaves other customers alone. If no exchange of one user
 * between two workloads helps, no larger exchange does either (the possible divisions form an M-convex set).
 */
const evenOut = (customer: Customer, demands: readonly ShareDemand[], flow: Flow): void => {
  const gain = (from: number, to: number): number =>
    badness(flow.counts[from]!, demands[from]!.held) +
    badness(flow.counts[to]!, demands[to]!.held) -
    badness(flow.counts[from]! - 1, demands[from]!.held) -
    badness(flow.counts[to]! + 1, demands[to]!.held);
  const pairs = customer.demands.flatMap((from) =>
    customer.demands.flatMap((to) => (from === to ? [] : [[from, to] as const])),
  );
  while (pairs.some(([from, to]) => gain(from, to) > 0 && flow.shift(from, to))) {}
};

/**
 * How many users are each demand's fair share, by its index: max-min fair between customers by weight, then, as far as
 * that allows, between one customer's workloads. Nobody gets more than they want; no user stays idle whom somebody who
 * waits could use; every customer who waits gets a first user before anybody gets more.
 */
export const fairShares = (
  demands: readonly ShareDemand[],
  classes: readonly UserClass[],
): number[] => {
  const flow = emptyFlow(classes, demands);
  const customers = customersOf(demands);
  let waiting = customers;
  while (waiting.length > 0) {
    const next = waiting.reduce((best, each) => (compareCustomers(each, best) < 0 ? each : best));
    if (inOrder(next, demands, flow).some((index) => flow.grow(index))) {
      next.count += 1;
    } else {
      waiting = waiting.filter((each) => each !== next);
    }
  }
  for (const customer of customers) {
    evenOut(customer, demands, flow);
  }
  return [...flow.counts];
};
