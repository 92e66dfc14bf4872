import type { Collection } from 'mongodb';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';

/** Where a customer is told of ends. The id is the customer's. */
export interface WebhookDocument {
  _id: string;
  url: string;
  /** See `webhookSecret`. */
  nonce: string;
  createdAt: Date;
  lastSuccessAt?: Date;
  lastFailureAt?: Date;
  lastFailure?: string;
}

/** An end that a customer is to be told of. It stays for a while after that, because the same end must not be told anew. */
export interface DeliveryDocument {
  /** `<workload>/<position of its end>`. */
  _id: string;
  customer: string;
  body: string;
  createdAt: Date;
  /** When to try it next. Unset: it was told, or given up. */
  dueAt?: Date;
  tries: number;
}

/** Webhooks and what waits for them. Every method rejects with UNAVAILABLE while MongoDB is away. */
export interface WebhookStore {
  set(customer: string, url: string, nonce: string, now: Date): Promise<void>;
  find(customer: string): Promise<WebhookDocument | undefined>;
  /** Removes the webhook and what waits for it. */
  remove(customer: string): Promise<void>;
  waiting(customer: string): Promise<number>;
  /** Lets a message wait, if its customer has a webhook and it never waited before. */
  enqueue(message: Pick<DeliveryDocument, '_id' | 'customer' | 'body'>, now: Date): Promise<void>;
  /** Takes the message that is due for longest, of none of these customers. It is due again at `again` unless that is changed. */
  claim(now: Date, busy: readonly string[], again: Date): Promise<DeliveryDocument | undefined>;
  /** The message needs no further try. */
  settle(id: string): Promise<void>;
  /** All messages of the customer wait until then, because they would meet the same fate. */
  postpone(customer: string, until: Date): Promise<void>;
  note(customer: string, now: Date, failure: string): Promise<void>;
}

/** Most messages of one customer that wait. */
const MAX_WAITING = 1_000;

export const createWebhookStore = (
  webhooks: Collection<WebhookDocument>,
  deliveries: Collection<DeliveryDocument>,
): WebhookStore => {
  const waiting = (customer: string): Promise<number> =>
    asUnavailable(() =>
      deliveries.countDocuments({ customer, dueAt: { $exists: true } }, { limit: MAX_WAITING + 1 }),
    );
  const find = async (customer: string): Promise<WebhookDocument | undefined> =>
    (await asUnavailable(() => webhooks.findOne({ _id: customer }))) ?? undefined;
  const settle = async (filter: { _id: string } | { customer: string }): Promise<void> => {
    const done = { $set: { body: '' }, $unset: { dueAt: '' } } as const;
    await asUnavailable(() => deliveries.updateMany({ ...filter, dueAt: { $exists: true } }, done));
  };
  return {
    set: async (customer, url, nonce, now) => {
      await asUnavailable(() =>
        webhooks.replaceOne({ _id: customer }, { url, nonce, createdAt: now }, { upsert: true }),
      );
      // What waits goes to the new address at once.
      await asUnavailable(() =>
        deliveries.updateMany(
          { customer, dueAt: { $exists: true } },
          { $set: { dueAt: now, tries: 0 } },
        ),
      );
    },
    find,
    remove: async (customer) => {
      await asUnavailable(() => webhooks.deleteOne({ _id: customer }));
      await settle({ customer });
    },
    waiting,
    enqueue: async (message, now) => {
      if ((await find(message.customer)) === undefined) {
        return;
      }
      const document = { ...message, createdAt: now, dueAt: now, tries: 0 };
      await asUnavailable(() => deliveries.insertOne(document)).catch((thrown: unknown) => {
        if (duplicateKey(thrown) === undefined) {
          throw thrown;
        }
      });
      if ((await waiting(message.customer)) > MAX_WAITING) {
        const [oldest] = await asUnavailable(() =>
          deliveries
            .find(
              { customer: message.customer, dueAt: { $exists: true } },
              { sort: { createdAt: 1 }, limit: 1 },
            )
            .toArray(),
        );
        await (oldest && settle({ _id: oldest._id }));
      }
    },
    claim: async (now, busy, again) =>
      (await asUnavailable(() =>
        deliveries.findOneAndUpdate(
          { dueAt: { $lte: now }, customer: { $nin: [...busy] } },
          { $set: { dueAt: again }, $inc: { tries: 1 } },
          { sort: { dueAt: 1 }, returnDocument: 'after' },
        ),
      )) ?? undefined,
    settle: (id) => settle({ _id: id }),
    postpone: async (customer, until) => {
      await asUnavailable(() =>
        deliveries.updateMany({ customer, dueAt: { $exists: true } }, { $set: { dueAt: until } }),
      );
    },
    note: async (customer, now, failure) => {
      const change =
        failure === ''
          ? {
              $set: { lastSuccessAt: now },
              $unset: { lastFailure: '', lastFailureAt: '' } as const,
            }
          : { $set: { lastFailureAt: now, lastFailure: failure } };
      await asUnavailable(() => webhooks.updateOne({ _id: customer }, change));
    },
  };
};
