import type { TestWebhookRequest, TestWebhookResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { testMessage } from '../webhooks/message.ts';
import { post } from '../webhooks/post.ts';
import { signMessage, webhookSecret } from '../webhooks/signature.ts';
import { onlyOwnerOf, webhookNotFound } from '../wire/webhook.ts';

export const testWebhook =
  (ctx: Context): Unary<TestWebhookRequest, TestWebhookResponse> =>
  async ({ customerId }, call) => {
    const customer = onlyOwnerOf(call.caller, customerId);
    const found = await ctx.webhooks.find(customer);
    if (found === undefined) {
      throw webhookNotFound(customer);
    }
    const now = ctx.clock.now();
    const secret = webhookSecret(ctx.meshSecret, customer, found.nonce);
    const message = signMessage(secret, ctx.random.id('t'), testMessage(customer, now), now);
    const options = { allowed: ctx.webhookNetworks, signal: call.signal };
    call.standAside();
    const posted = await post(found.url, message, options);
    await ctx.webhooks.note(customer, new Date(ctx.clock.now()), posted.failure);
    return posted;
  };
