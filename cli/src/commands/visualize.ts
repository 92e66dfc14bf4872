import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { VisualizationServiceService, type Visualization } from '#libs/contracts/port.ts';
import { parseTtl } from '../arguments.ts';
import { listJson, responseJson } from '../descriptors.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import { ALL, ANYWHERE, hostOption, noteSilent, type HostOption } from '../host-option.ts';
import type { Actions, Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { allPages } from '../pages.ts';
import { persistently, type PatienceOptions } from '../patience.ts';
import { startPatience } from '../start-patience.ts';
import { uploadObject } from '../workload/upload.ts';

/** An archive is fetched and unpacked before its server starts. */
const START_MS = 10 * 60_000;
const STOP_MS = 30_000;

export const visualizeCommand = (actions: Actions): Command => {
  const visualize = new Command('visualize')
    .description(
      'a ParaView server for a case: a folder on the host of the broker, or an archive (.tar.gz, .zip) from here',
    )
    .argument('<case>', 'the folder, or the archive')
    .option('--wait <time>', 'wait so long for a free port', parseTtl)
    .addOption(hostOption(ANYWHERE))
    .action(
      actions.does<[string], HostOption & { wait?: number }>(async (invocation, [name], { wait = 0, host }) => {
        const { output } = invocation;
        const client = await visualizations(invocation);
        const patience = startPatience(invocation);
        const source = await sourceOf(invocation, name, patience);
        const ask = { host, source, wait: wait === 0 ? undefined : { seconds: wait, nanos: 0 } };
        // Asked again, the same case gets the same server.
        const answer = await persistently(patience, () =>
          client.startVisualization(ask, { deadlineMs: START_MS + wait * 1_000, signal: invocation.cli.interrupt }),
        );
        output.text(`${answer.connectionString}  ParaView ${answer.paraviewVersion}, open ${answer.foamPath}`);
        output.note(`${answer.visualizationId}: ${answer.reused ? 'it was there already' : 'started'}`);
        output.json(responseJson(VisualizationServiceService.startVisualization, answer));
      }),
    );
  for (const command of [list, stop, cleanup]) visualize.addCommand(command(actions));
  return visualize;
};

const visualizations = async (invocation: Invocation) =>
  (await invocation.mesh()).client(VisualizationServiceService, 'port', 'operator');

/** A file here is handed in; anything else is a folder over there. */
const sourceOf = async (invocation: Invocation, name: string, patience: PatienceOptions) => {
  const { cli } = invocation;
  const path = resolve(cli.cwd, name);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return { $case: 'case', value: path } as const;
  const object = await uploadObject({ cli, mesh: await invocation.mesh(), path, customerId: '', patience });
  return { $case: 'simulation', value: object.objectId } as const;
};

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list ParaView servers, the latest first')
    .option('--ended', 'also ended ones')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { ended?: true }>(async (invocation, _args, { ended, host }) => {
        const client = await visualizations(invocation);
        const ask = { host, includeEnded: ended === true, pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listVisualizations({ ...ask, pageToken }));
        noteSilent(invocation.output, pages);
        const found = pages.flatMap((page) => page.visualizations);
        printVisualizations(invocation.output, found);
        const { listVisualizations } = VisualizationServiceService;
        invocation.output.json(pages.flatMap((page) => listJson(listVisualizations, page, 'visualizations')));
      }),
    );

const stop = ({ does }: Actions): Command =>
  new Command('stop')
    .description('end a ParaView server, also one in use')
    .argument('<id>', 'the server')
    .action(
      does<[string]>(async (invocation, [visualizationId]) => {
        const client = await visualizations(invocation);
        const answer = await client.stopVisualization({ visualizationId }, { deadlineMs: STOP_MS });
        invocation.output.text(`${visualizationId} is ended`);
        invocation.output.json(responseJson(VisualizationServiceService.stopVisualization, answer));
      }),
    );

const cleanup = ({ does }: Actions): Command =>
  new Command('cleanup')
    .description('end the ParaView servers that nobody uses')
    .option('--idle <time>', 'unused for so long; default: as long as is configured', parseTtl)
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { idle?: number }>(async (invocation, _args, { idle, host }) => {
        const client = await visualizations(invocation);
        const idleFor = idle === undefined ? undefined : { seconds: idle, nanos: 0 };
        const answer = await client.cleanupIdle({ host, idleFor }, { deadlineMs: STOP_MS });
        printVisualizations(invocation.output, answer.ended);
        invocation.output.json(listJson(VisualizationServiceService.cleanupIdle, answer, 'ended'));
      }),
    );

const printVisualizations = (output: Output, all: readonly Visualization[]): void =>
  output.table(
    [
      { title: 'ID' },
      { title: 'STATE' },
      { title: 'HOST' },
      { title: 'CONNECT' },
      { title: 'CLIENTS', align: 'right' },
      { title: 'CASE' },
      { title: 'OWNER' },
      { title: 'USED' },
      { title: 'ENDS IF UNUSED' },
    ],
    all.map((each) => [
      each.visualizationId,
      formatEnum(each.state, 'SESSION_STATE_'),
      each.hostName,
      each.connectionString,
      String(each.clients),
      each.case === '' ? each.simulation : each.case,
      each.owner,
      formatInstant(each.lastActivityTime),
      formatInstant(each.idleEndTime),
    ]),
  );
