import { CustomerServiceService, type Webhook } from '#libs/contracts/session.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatInstant, plural } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { textOption } from '../options.ts';
import type { Output } from '../output.ts';

const service = CustomerServiceService;

interface WhoseOptions {
  customer: string;
}

export const webhook: Define = (command, { does }) => {
  const verb = (name: string, about: string) =>
    command
      .command(name)
      .description(about)
      .addOption(
        textOption('--customer <id>', 'whose webhook is meant; for operators', 'your own'),
      );
  verb(
    'set',
    'have the end of each workload POSTed to a URL; prints the secret that signs it, once',
  )
    .argument('<url>', 'http or https')
    .action(
      does<[string], WhoseOptions>(async ({ client, output }, [url], { customer: customerId }) => {
        const { setWebhook } = await client(service, 'customer');
        const answer = await setWebhook({ customerId, url });
        print(output, answer.webhook);
        output.text(`secret   ${answer.secret}`);
        output.note('keep the secret: it is not shown again. Try the webhook: muster webhook test');
        await output.answer(service.setWebhook, answer);
      }),
    );
  verb('show', 'where ends are told, and whether that works').action(
    does<[], WhoseOptions>(async ({ client, output }, _args, { customer: customerId }) => {
      const { getWebhook } = await client(service, 'customer');
      const answer = await getWebhook({ customerId });
      print(output, answer.webhook);
      await output.answer(service.getWebhook, answer);
    }),
  );
  verb('test', 'send one message now; exit code 1 if it is not taken').action(
    does<[], WhoseOptions>(async ({ client, output }, _args, { customer: customerId }) => {
      const { testWebhook } = await client(service, 'customer');
      const answer = await testWebhook({ customerId });
      const { status, failure } = answer;
      const text = failure === '' ? `taken with status ${status}` : `not taken: ${failure}`;
      await output.answer(service.testWebhook, answer, text);
      return failure === '' ? exitCodes.done : exitCodes.failed;
    }),
  );
  verb('remove', 'tell nobody any more; what waits is dropped').action(
    does<[], WhoseOptions>(async ({ client, output }, _args, { customer: customerId }) => {
      const { removeWebhook } = await client(service, 'customer');
      const answer = await removeWebhook({ customerId });
      await output.answer(service.removeWebhook, answer, 'there is no webhook any more');
    }),
  );
  return command;
};

const print = (output: Output, shown: Webhook | undefined): void => {
  if (shown === undefined) {
    return;
  }
  const { lastFailure, lastFailureTime, lastSuccessTime, waiting } = shown;
  const lines = [
    `customer ${shown.customerId}`,
    `url      ${shown.url}`,
    `set      ${formatInstant(shown.createTime)}`,
    `waiting  ${plural(waiting, 'message')}`,
    ...(lastSuccessTime ? [`told     ${formatInstant(lastSuccessTime)}`] : []),
    ...(lastFailure === '' ? [] : [`failed   ${formatInstant(lastFailureTime)}: ${lastFailure}`]),
  ];
  output.text(lines);
};
