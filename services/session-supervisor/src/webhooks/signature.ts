import { createHmac } from 'node:crypto';
import { type Secret, webhookKey } from '#libs/auth/index.ts';

/** What is told: a message as its receiver can check it. */
export interface Signed {
  body: string;
  headers: Record<string, string>;
}

const PREFIX = 'whsec_';

/**
 * The secret of a webhook, in the form of Standard Webhooks. It follows from the mesh secret, so that whoever reads the database
 * cannot sign.
 */
export const webhookSecret = (meshSecret: Secret, customer: string, nonce: string): string =>
  PREFIX + webhookKey(meshSecret, customer, nonce).toString('base64');

/** Signs a message as Standard Webhooks says (https://www.standardwebhooks.com). `now`: milliseconds since 1970. */
export const signMessage = (secret: string, id: string, body: string, now: number): Signed => {
  const timestamp = String(Math.floor(now / 1_000));
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'muster',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
  };
};
