import type { GetWebhookRequest, GetWebhookResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { onlyOwnerOf, webhookNotFound, webhookToProto } from '../wire/webhook.ts';

export const getWebhook =
  (ctx: Context): Unary<GetWebhookRequest, GetWebhookResponse> =>
  async ({ customerId }, call) => {
    const customer = onlyOwnerOf(call.caller, customerId);
    const found = await ctx.webhooks.find(customer);
    if (found === undefined) {
      throw webhookNotFound(customer);
    }
    return { webhook: webhookToProto(found, await ctx.webhooks.waiting(customer)) };
  };
