import type { Collection } from 'mongodb';
import { asUnavailable } from '#libs/mongo/index.ts';

/** The plan of a customer: what the customer may use. */
export interface Plan {
  runningWorkloads: number;
  /** Most users of one workload. */
  users: number;
  weight: number;
  /** How many workloads may wait for approval. */
  parkedWorkloads: number;
}

export interface CustomerDocument {
  _id: string;
  displayName: string;
  /** An unset value means the configured one. Unset if no value was ever put. */
  plan?: Partial<Plan>;
  createdAt: Date;
  updatedAt: Date;
}

/** A change of a customer. Undefined fields do not change. */
export interface CustomerChange {
  displayName: string | undefined;
  plan: { [K in keyof Plan]?: number | undefined };
}

/** Customers and their plans. Every method rejects with UNAVAILABLE while MongoDB is away. */
export interface CustomerStore {
  /** Creates or changes a customer. In `plan`, 0 means the configured value. */
  put(id: string, change: CustomerChange, now: Date): Promise<CustomerDocument>;
  find(id: string): Promise<CustomerDocument | undefined>;
  list(after: string, limit: number): Promise<CustomerDocument[]>;
  /** The plan of a customer, with configured values for those that were not put. */
  planOf(id: string): Promise<Plan>;
  /** The plans of several customers, in one read. */
  plansOf(ids: readonly string[]): Promise<ReadonlyMap<string, Plan>>;
}

export const createCustomerStore = (
  customers: Collection<CustomerDocument>,
  configured: Plan,
): CustomerStore => {
  const find = async (id: string): Promise<CustomerDocument | undefined> =>
    (await asUnavailable(() => customers.findOne({ _id: id }))) ?? undefined;
  return {
    find,
    put: async (id, { displayName, plan }, now) => {
      const hasName = displayName !== undefined;
      const set: Record<string, unknown> = { updatedAt: now, ...(hasName ? { displayName } : {}) };
      const unset: Record<string, ''> = {};
      for (const [name, value] of Object.entries(plan)) {
        if (value === 0) {
          unset[`plan.${name}`] = '';
        } else if (value !== undefined) {
          set[`plan.${name}`] = value;
        }
      }
      const change = {
        $set: set,
        $setOnInsert: { createdAt: now, ...(hasName ? {} : { displayName: '' }) },
        ...(Object.keys(unset).length > 0 ? { $unset: unset } : {}),
      };
      const options = { upsert: true, returnDocument: 'after' } as const;
      const answer = await asUnavailable(() =>
        customers.findOneAndUpdate({ _id: id }, change, options),
      );
      if (answer === null) {
        throw new Error(`customer ${id} was put, yet is not there`);
      }
      return answer;
    },
    list: (after, limit) =>
      asUnavailable(() =>
        customers.find({ _id: { $gt: after } }, { sort: { _id: 1 }, limit }).toArray(),
      ),
    planOf: async (id) => ({ ...configured, ...(await find(id))?.plan }),
    plansOf: async (ids) => {
      const found = await asUnavailable(() => customers.find({ _id: { $in: [...ids] } }).toArray());
      const plans = new Map(found.map(({ _id, plan }) => [_id, plan]));
      return new Map(ids.map((id) => [id, { ...configured, ...plans.get(id) }]));
    },
  };
};
