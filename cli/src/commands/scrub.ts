import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { plural } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { allPages } from '../list.ts';
import { whichWorkload, type WhichOptions } from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';

export const scrub: Define = (command, { does }) =>
  whichWorkload(command).action(
    does<[string], WhichOptions>(async (invocation, [id], { customer: customerId }) => {
      const { output } = invocation;
      const client = workloadsOf(await invocation.mesh());
      const { workloadId } = workloadIn(await client.getWorkload({ workloadId: id, customerId }));
      const pages = await allPages((pageToken) =>
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
      output.text(`${plural(whole.checked, 'result')} of ${workloadId} checked`);
      if (whole.missing !== '') {
        output.text(`missing, made again: ${whole.missing}`);
      }
      if (whole.damaged !== '') {
        output.text(`damaged, made again: ${whole.damaged}`);
      }
      if (whole.missing === '' && whole.damaged === '') {
        output.text('all are whole');
      }
      await output.answer(WorkloadServiceService.scrubWorkload, whole);
    }),
  );
