import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { VisualizationServiceService, type Visualization } from '#libs/contracts/port.ts';
import { formatEnum, formatInstant } from '../formats.ts';
import type { Actions, Define, Invocation } from '../invocation.ts';
import { tellList } from '../list.ts';
import { ALL, ANYWHERE, hostOption, parseTtl, toDuration, type HostOption } from '../options.ts';
import type { Column } from '../output.ts';
import { startPatience } from '../patience.ts';
import { uploadObject } from '../workload/upload.ts';
import { listSessions, startSession, STOP_MS } from './sessions.ts';

/** An archive is fetched and unpacked before its server starts. */
const START_MS = 10 * 60_000;

const service = VisualizationServiceService;

export const visualize: Define = (command, actions) => {
  command
    .argument('<case>', 'the folder, or the archive')
    .option('--wait <time>', 'how long to wait for a free port', parseTtl)
    .addOption(hostOption(ANYWHERE))
    .action(
      actions.does<[string], HostOption & { wait?: number }>(
        async (invocation, [name], { wait, host }) => {
          const { startVisualization } = await invocation.client(service, 'operator');
          const source = await sourceOf(invocation, name);
          const ask = { host, source, wait: toDuration(wait) };
          const answer = await startSession(invocation, { startMs: START_MS, wait }, (within) =>
            startVisualization(ask, within),
          );
          const text = `${answer.connectionString}  ParaView ${answer.paraviewVersion}, open ${answer.foamPath}`;
          const client = `paraview --server-url='${answer.connectionString}' --connect-id=${answer.connectId}`;
          await invocation.output.answer(service.startVisualization, answer, text);
          const how = answer.reused ? 'it was there already' : 'started';
          invocation.output.note(`${answer.visualizationId}: ${how}; ${client}`);
        },
      ),
    );
  for (const nested of [list, stop, cleanup]) {
    command.addCommand(nested(actions));
  }
  return command;
};

/** A file on this machine is uploaded; anything else names a folder on the broker's host. */
const sourceOf = async (invocation: Invocation, name: string) => {
  const { cli } = invocation;
  const path = resolve(cli.cwd, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) {
    return { $case: 'case', value: path } as const;
  }
  const [mesh, patience] = [await invocation.mesh(), startPatience(invocation)];
  const { objectId } = await uploadObject({ cli, mesh, path, customerId: '', patience });
  return { $case: 'simulation', value: objectId } as const;
};

const list = (actions: Actions): Command =>
  listSessions(actions, 'list ParaView servers, the latest first', async (invocation, ask) => {
    const { listVisualizations } = await invocation.client(service, 'operator');
    await tellList(
      invocation.output,
      service.listVisualizations,
      (page) => listVisualizations({ ...ask, ...page }),
      'visualizations',
      columns,
    );
  });

const stop = ({ does }: Actions): Command =>
  new Command('stop')
    .description('end a ParaView server, even one in use')
    .argument('<id>', 'the server')
    .action(
      does<[string]>(async ({ client, output }, [visualizationId]) => {
        const { stopVisualization } = await client(service, 'operator');
        const answer = await stopVisualization({ visualizationId }, { deadlineMs: STOP_MS });
        await output.answer(service.stopVisualization, answer, `${visualizationId} is ended`);
      }),
    );

const cleanup = ({ does }: Actions): Command =>
  new Command('cleanup')
    .description('end the ParaView servers that nobody uses')
    .option('--idle <time>', 'for how long they were unused (default: as configured)', parseTtl)
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { idle?: number }>(async ({ client, output }, _args, options) => {
        const { cleanupIdle } = await client(service, 'operator');
        const ask = { host: options.host, idleFor: toDuration(options.idle) };
        const end = () => cleanupIdle(ask, { deadlineMs: STOP_MS });
        await tellList(output, service.cleanupIdle, end, 'ended', columns);
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
