import type { SetWebhookRequest, SetWebhookResponse } from '#libs/contracts/session.ts';
import type { Unary } from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { parseWebhookUrl } from '../webhooks/address.ts';
import { AddressRefused, checkAddress } from '../webhooks/post.ts';
import { webhookSecret } from '../webhooks/signature.ts';
import { ownerOf, webhookAddressRefused, webhookToProto } from '../wire/webhook.ts';

export const setWebhook =
  (ctx: Context): Unary<SetWebhookRequest, SetWebhookResponse> =>
  async (request, call) => {
    const wrong = collectViolations();
    const customer = ownerOf(wrong, call.caller, request.customerId);
    const url = parseWebhookUrl(request.url);
    wrong.require(
      url !== undefined,
      'url',
      'must be an http or https URL without user and password, at most 2,000 characters',
    );
    wrong.throwIfAny();
    const target = url ?? '';
    await checkAddress(target, ctx.webhookNetworks).catch((thrown: unknown) => {
      throw thrown instanceof AddressRefused
        ? webhookAddressRefused(thrown.message, thrown.address)
        : thrown;
    });
    const nonce = ctx.random.id('n');
    const createdAt = new Date(ctx.clock.now());
    await ctx.webhooks.set(customer, target, nonce, createdAt);
    const waiting = await ctx.webhooks.waiting(customer);
    return {
      webhook: webhookToProto({ _id: customer, url: target, nonce, createdAt }, waiting),
      secret: webhookSecret(ctx.meshSecret, customer, nonce),
    };
  };
