import type { RemoveWebhookRequest, RemoveWebhookResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { onlyOwnerOf } from '../wire/webhook.ts';

export const removeWebhook =
  (ctx: Context): Unary<RemoveWebhookRequest, RemoveWebhookResponse> =>
  async ({ customerId }, call) => {
    await ctx.webhooks.remove(onlyOwnerOf(call.caller, customerId));
    return {};
  };
