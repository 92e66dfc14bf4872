import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { formatInstant, plural } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { allPages } from '../list.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { nameOf, stateOf } from '../workload/describe.ts';

export const why: Define = (command, { does }) =>
  whichWorkload(command).action(
    does<[string], WhichOptions>(async ({ mesh, output }, [workloadId], { customer }) => {
      const { explainWorkload } = workloadsOf(await mesh());
      const answer = await explainWorkload({ workloadId, customerId: customer });
      const reasons = answer.reasons.map(({ code, message }) => `${code}: ${message}`);
      const text = [stateOf(answer), ...reasons];
      await output.answer(WorkloadServiceService.explainWorkload, answer, text);
    }),
  );

/** The lines of a program's log, in which tabs and returns are no attack. */
const linesOf = (text: string): string[] =>
  text
    .replace(/\r?\n$/, '')
    .replaceAll('\t', '    ')
    .split(/\r?\n/);

export const log: Define = (command, { does }) =>
  command
    .argument('<id>', 'the workload')
    .argument(
      '<task>',
      'the frame (17), or the whole key of the task (frames/17), which names its step',
    )
    .option('--failed', 'of the latest failed attempt, also if it has its result now')
    .action(
      does<[string, string], { failed?: true }>(
        async ({ mesh, output }, [workloadId, task], options) => {
          const { getTaskLog } = workloadsOf(await mesh());
          const failed = options.failed ?? false;
          const answer = await getTaskLog({ workloadId, customerId: '', task, failed });
          const { attempt, acceptTime, failTime, reason } = answer;
          const end = acceptTime
            ? `done ${formatInstant(acceptTime)}`
            : `failed ${formatInstant(failTime)}: ${reason}`;
          output.note(`${answer.task}, attempt ${attempt} by ${nameOf(answer)}, ${end}`);
          const text = linesOf(answer.log);
          await output.answer(WorkloadServiceService.getTaskLog, answer, text);
        },
      ),
    );

export const scrub: Define = (command, { does }) =>
  whichWorkload(command).action(
    does<[string], WhichOptions>(async (invocation, [id], { customer: customerId }) => {
      const { output } = invocation;
      const client = workloadsOf(await invocation.mesh());
      const { workloadId } = workloadIn(await client.getWorkload({ workloadId: id, customerId }));
      const pages = await allPages(({ pageToken }) =>
        client.scrubWorkload({ workloadId, customerId: '', pageToken }),
      );
      const join = (texts: string[]): string => texts.filter((text) => text !== '').join(',');
      const whole = {
        checked: pages.reduce((sum, { checked }) => sum + checked, 0),
        missing: join(pages.map(({ missing }) => missing)),
        damaged: join(pages.map(({ damaged }) => damaged)),
        nextPageToken: '',
        revision: pages.at(-1)?.revision ?? 0,
      };
      const made = Object.entries({ missing: whole.missing, damaged: whole.damaged })
        .filter(([, tasks]) => tasks !== '')
        .map(([how, tasks]) => `${how}, made again: ${tasks}`);
      const lines = [
        `${plural(whole.checked, 'result')} of ${workloadId} checked`,
        ...(made.length === 0 ? ['all are whole'] : made),
      ];
      await output.answer(WorkloadServiceService.scrubWorkload, whole, lines);
    }),
  );
