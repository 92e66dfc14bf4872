import type { BlockList } from 'node:net';
import { every, type Repetition } from '#libs/async/index.ts';
import type { Secret } from '#libs/auth/index.ts';
import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import type { Events } from '../events.ts';
import type { DeliveryDocument, WebhookStore } from '../store/webhooks.ts';
import { GIVE_UP_MS, pauseAfter } from './pace.ts';
import { post } from './post.ts';
import { signMessage, webhookSecret } from './signature.ts';

export interface NotifierDeps {
  webhooks: WebhookStore;
  /** Networks that an operator opened for webhooks. */
  webhookNetworks: BlockList;
  meshSecret: Secret;
  clock: Clock;
  random: Random;
  events: Pick<Events, 'webhookFailed' | 'webhookGivenUp' | 'notifierFailed'>;
}

/** How many messages a replica sends at the same time, each to another customer. */
const AT_ONCE = 4;
const LOOK_MS = 1_000;
/** A replica that dies in the middle of a try leaves its message to others after this. A try takes 10 s at most. */
const CLAIM_MS = 60_000;

/** Tells customers of ends, as often as it takes. Any replica tells any customer. */
export const startNotifier = (deps: NotifierDeps): Repetition => {
  const busy = new Set<string>();
  const under = new Set<Promise<void>>();
  const looking = every(
    { clock: deps.clock, everyMs: LOOK_MS, onFailure: deps.events.notifierFailed },
    async (signal) => {
      while (under.size < AT_ONCE && !signal.aborted) {
        const now = deps.clock.now();
        const claimed = await deps.webhooks.claim(
          new Date(now),
          [...busy],
          new Date(now + CLAIM_MS),
        );
        if (claimed === undefined) {
          return;
        }
        const { customer } = claimed;
        busy.add(customer);
        const trying = tell(deps, claimed, signal)
          .catch((thrown: unknown) => {
            if (!signal.aborted) {
              deps.events.notifierFailed(thrown);
            }
          })
          .finally(() => {
            busy.delete(customer);
            under.delete(trying);
            // The next message of this customer need not wait for the next look.
            looking.hurry();
          });
        under.add(trying);
      }
    },
  );
  const stop = async (): Promise<void> => {
    await looking.stop();
    await Promise.all(under);
  };
  return { ...looking, stop, [Symbol.asyncDispose]: stop };
};

const tell = async (
  deps: NotifierDeps,
  { _id: id, customer, body, createdAt, tries }: DeliveryDocument,
  signal: AbortSignal,
): Promise<void> => {
  const { webhooks, webhookNetworks: allowed, meshSecret, clock, random, events } = deps;
  const webhook = await webhooks.find(customer);
  if (webhook === undefined) {
    return webhooks.settle(id);
  }
  const secret = webhookSecret(meshSecret, customer, webhook.nonce);
  const message = signMessage(secret, id, body, clock.now());
  const { failure } = await post(webhook.url, message, { allowed, signal });
  const now = clock.now();
  await webhooks.note(customer, new Date(now), failure);
  if (failure === '') {
    return webhooks.settle(id);
  }
  events.webhookFailed(customer, id, failure, tries);
  if (now - createdAt.getTime() > GIVE_UP_MS) {
    events.webhookGivenUp(customer, id, failure);
    return webhooks.settle(id);
  }
  await webhooks.postpone(customer, new Date(now + pauseAfter(tries, random.float())));
};
