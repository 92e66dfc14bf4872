import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { VisualizationServiceService, type Visualization } from '#libs/contracts/port.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Actions, Define, Invocation } from '../invocation.ts';
import { allPages, tellList } from '../list.ts';
import { ALL, ANYWHERE, hostOption, parseTtl, toDuration, type HostOption } from '../options.ts';
import type { Column } from '../output.ts';
import { persistently, startPatience, type PatienceOptions } from '../patience.ts';
import { uploadObject } from '../workload/upload.ts';

/** An archive is fetched and unpacked before its server starts. */
const START_MS = 10 * 60_000;
const STOP_MS = 30_000;

export const visualize: Define = (command, actions) => {
  command
    .argument('<case>', 'the folder, or the archive')
    .option('--wait <time>', 'how long to wait for a free port', parseTtl)
    .addOption(hostOption(ANYWHERE))
    .action(
      actions.does<[string], HostOption & { wait?: number }>(
        async (invocation, [name], { wait, host }) => {
          const { cli, output } = invocation;
          const client = await clientOf(invocation);
          const patience = startPatience(invocation);
          const source = await sourceOf(invocation, name, patience);
          const options = { deadlineMs: START_MS + (wait ?? 0) * 1_000, signal: cli.interrupt };
          // A retry gets the server of the same case.
          const answer = await persistently(patience, () =>
            client.startVisualization({ host, source, wait: toDuration(wait) }, options),
          );
          output.text(
            `${answer.connectionString}  ParaView ${answer.paraviewVersion}, open ${answer.foamPath}`,
          );
          output.note(
            `${answer.visualizationId}: ${answer.reused ? 'it was there already' : 'started'}`,
          );
          await output.answer(VisualizationServiceService.startVisualization, answer);
        },
      ),
    );
  for (const nested of [list, stop, cleanup]) {
    command.addCommand(nested(actions));
  }
  return command;
};

const clientOf = async (invocation: Invocation) =>
  (await invocation.mesh()).client(VisualizationServiceService, 'port', 'operator');

/** A file on this machine is uploaded; anything else names a folder on the broker's host. */
const sourceOf = async (invocation: Invocation, name: string, patience: PatienceOptions) => {
  const { cli } = invocation;
  const path = resolve(cli.cwd, name);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) {
    return { $case: 'case', value: path } as const;
  }
  const object = await uploadObject({
    cli,
    mesh: await invocation.mesh(),
    path,
    customerId: '',
    patience,
  });
  return { $case: 'simulation', value: object.objectId } as const;
};

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list ParaView servers, the latest first')
    .option('--ended', 'also ended ones')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { ended?: true }>(async (invocation, _args, { ended, host }) => {
        const client = await clientOf(invocation);
        const ask = { host, includeEnded: ended === true, pageSize: 1_000 };
        const pages = await allPages((pageToken) =>
          client.listVisualizations({ ...ask, pageToken }),
        );
        const { listVisualizations } = VisualizationServiceService;
        await tellList(invocation.output, listVisualizations, pages, 'visualizations', columns);
      }),
    );

const stop = ({ does }: Actions): Command =>
  new Command('stop')
    .description('end a ParaView server, even one in use')
    .argument('<id>', 'the server')
    .action(
      does<[string]>(async (invocation, [visualizationId]) => {
        const client = await clientOf(invocation);
        const answer = await client.stopVisualization({ visualizationId }, { deadlineMs: STOP_MS });
        invocation.output.text(`${visualizationId} is ended`);
        await invocation.output.answer(VisualizationServiceService.stopVisualization, answer);
      }),
    );

const cleanup = ({ does }: Actions): Command =>
  new Command('cleanup')
    .description('end the ParaView servers that nobody uses')
    .option('--idle <time>', 'for how long they were unused (default: as configured)', parseTtl)
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { idle?: number }>(async (invocation, _args, { idle, host }) => {
        const client = await clientOf(invocation);
        const answer = await client.cleanupIdle(
          { host, idleFor: toDuration(idle) },
          { deadlineMs: STOP_MS },
        );
        await tellList(
          invocation.output,
          VisualizationServiceService.cleanupIdle,
          [answer],
          'ended',
          columns,
        );
      }),
    );

const columns: readonly Column<Visualization>[] = [
  ['ID', ({ visualizationId }) => visualizationId],
  ['STATE', ({ state }) => formatEnum(state, 'SESSION_STATE_')],
  ['HOST', ({ hostName }) => hostName],
  ['CONNECT', ({ connectionString }) => connectionString],
  ['CLIENTS', ({ clients }) => clients, 'right'],
  ['CASE', (each) => each.case || each.simulation],
  ['OWNER', ({ owner }) => owner],
  ['USED', ({ lastActivityTime }) => formatInstant(lastActivityTime)],
  ['ENDS IF UNUSED', ({ idleEndTime }) => formatInstant(idleEndTime)],
];
