import { Command } from 'commander';
import { WorkloadServiceService } from '#libs/contracts/session.ts';
import { responseJson } from '../descriptors.ts';
import type { Actions } from '../invocation.ts';
import { plural } from '../formats.ts';
import { allPages } from '../pages.ts';
import { whichWorkload, type WhichOptions } from './which.ts';

export const scrubCommand = ({ does }: Actions): Command =>
  whichWorkload(
    new Command('scrub').description(
      'compare accepted results with their blobs; what is missing or damaged is made again',
    ),
  ).action(
    does<[string], WhichOptions>(async (invocation, [id], { customer: customerId }) => {
      const { output } = invocation;
      const client = (await invocation.mesh()).workloads();
      const { workload } = await client.getWorkload({ workloadId: id, customerId });
      const workloadId = workload?.workloadId ?? id;
      const pages = await allPages((pageToken) => client.scrubWorkload({ workloadId, customerId: '', pageToken }));
      const join = (texts: string[]): string => texts.filter((text) => text !== '').join(',');
      const whole = {
        checked: pages.reduce((sum, { checked }) => sum + checked, 0),
        missing: join(pages.map(({ missing }) => missing)),
        damaged: join(pages.map(({ damaged }) => damaged)),
        nextPageToken: '',
        revision: pages.at(-1)?.revision ?? 0,
      };
      output.text(`${plural(whole.checked, 'result')} of ${workloadId} checked`);
      if (whole.missing !== '') output.text(`missing, made again: ${whole.missing}`);
      if (whole.damaged !== '') output.text(`damaged, made again: ${whole.damaged}`);
      if (whole.missing === '' && whole.damaged === '') output.text('all are whole');
      output.json(responseJson(WorkloadServiceService.scrubWorkload, whole));
    }),
  );
