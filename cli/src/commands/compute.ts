import { Command } from 'commander';
import { ComputeSessionServiceService, type CommandLogEntry, type ComputeSession } from '#libs/contracts/port.ts';
import { parseTtl } from '../arguments.ts';
import { listJson, responseJson } from '../descriptors.ts';
import { precondition } from '../failures.ts';
import { formatBytes, formatEnum, formatInstant, formatSeconds } from '../formats.ts';
import { ALL, ANYWHERE, hostOption, noteSilent, type HostOption } from '../host-option.ts';
import type { Actions, Invocation } from '../invocation.ts';
import { readText } from '../lines.ts';
import type { Output } from '../output.ts';
import { allPages } from '../pages.ts';
import { persistently } from '../patience.ts';
import { startPatience } from '../start-patience.ts';

const START_MS = 60_000;
const STOP_MS = 30_000;
const COMMAND_SECONDS = 300;
/** So much longer a call may take than its command. */
const MARGIN_MS = 5_000;
/** Workers answer up to 64 MiB. */
const LARGEST_BYTES = 80 * 1024 ** 2;

export const computeCommand = (actions: Actions): Command => {
  const compute = new Command('compute').description('interactive sessions with a compute worker');
  for (const command of [start, send, list, log, end]) compute.addCommand(command(actions));
  return compute;
};

const sessions = async (invocation: Invocation) =>
  (await invocation.mesh()).client(ComputeSessionServiceService, 'port', 'customer', {
    'grpc.max_receive_message_length': LARGEST_BYTES,
  });

interface StartOptions extends HostOption {
  name?: string;
  project?: string;
  expose?: true;
  wait?: number;
}

const start = ({ does }: Actions): Command =>
  new Command('start')
    .description('start a worker of your own, and print the id of its session')
    .argument('[worker]', 'the kind of worker; may be left out where there is one')
    .option('--name <text>', 'your name, for the history')
    .option('--project <text>', 'what it is for, for the history')
    .option('--expose', 'let everybody on the host reach the worker on its port')
    .option('--wait <time>', 'wait so long for a free port', parseTtl)
    .addOption(hostOption(ANYWHERE))
    .action(
      does<[string | undefined], StartOptions>(async (invocation, [worker = ''], options) => {
        const { output, cli } = invocation;
        const { name: userName = '', project = '', expose = false, wait = 0, host } = options;
        const client = await sessions(invocation);
        const userInfo = { userName, project, clientAddress: '', clientAgent: '' };
        // Asked again, it is the same session.
        const requestId = cli.random.id('start');
        const ask = {
          host,
          worker,
          userInfo,
          expose,
          requestId,
          wait: wait === 0 ? undefined : { seconds: wait, nanos: 0 },
        };
        const answer = await persistently(startPatience(invocation), () =>
          client.startComputeSession(ask, { deadlineMs: START_MS + wait * 1_000, signal: cli.interrupt }),
        );
        output.text(answer.sessionId);
        const where = expose ? `, reached on port ${answer.port}` : '';
        output.note(
          `${formatEnum(answer.state, 'SESSION_STATE_')}${where}; end it with: muster compute end ${answer.sessionId}`,
        );
        output.json(responseJson(ComputeSessionServiceService.startComputeSession, answer));
      }),
    );

const send = ({ does }: Actions): Command =>
  new Command('send')
    .description('have the worker execute a command, and print its reply')
    .argument('<id>', 'the session')
    .argument('<json>', '{"command": NAME, …}, or - to read it from standard input')
    .option('--timeout <time>', 'wait so long for the reply, up to 300s', parseTtl, COMMAND_SECONDS)
    .action(
      does<[string, string], { timeout: number }>(async (invocation, [sessionId, json], { timeout }) => {
        const { cli } = invocation;
        const client = await sessions(invocation);
        const commandJson = json === '-' ? await readText(cli.stdin) : json;
        // Never asked again: what became of it is unknown where the answer is lost.
        const reply = await client.sendCommand(
          { sessionId, commandJson, timeout: { seconds: timeout, nanos: 0 } },
          { deadlineMs: timeout * 1_000 + MARGIN_MS, signal: cli.interrupt },
        );
        // As it is: numbers with more digits than JavaScript's stay whole.
        cli.stdout.write(`${reply.replyJson.trim()}\n`);
        if (!reply.success) throw precondition('COMMAND_FAILED', `the worker says: ${reply.error}`);
      }),
    );

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list your sessions, the latest first')
    .option('--ended', 'also ended ones')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { ended?: true }>(async (invocation, _args, { ended, host }) => {
        const client = await sessions(invocation);
        const ask = { host, includeEnded: ended === true, pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listComputeSessions({ ...ask, pageToken }));
        noteSilent(invocation.output, pages);
        printSessions(
          invocation.output,
          pages.flatMap((page) => page.sessions),
        );
        const { listComputeSessions } = ComputeSessionServiceService;
        invocation.output.json(pages.flatMap((page) => listJson(listComputeSessions, page, 'sessions')));
      }),
    );

const log = ({ does }: Actions): Command =>
  new Command('log')
    .description('list the commands of a session, the latest first')
    .argument('<id>', 'the session')
    .option('--ping', 'also ping')
    .action(
      does<[string], { ping?: true }>(async (invocation, [sessionId], { ping }) => {
        const client = await sessions(invocation);
        const ask = { sessionId, includePing: ping === true, pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listCommandLog({ ...ask, pageToken }));
        printLog(
          invocation.output,
          pages.flatMap(({ entries }) => entries),
        );
        const { listCommandLog } = ComputeSessionServiceService;
        invocation.output.json(pages.flatMap((page) => listJson(listCommandLog, page, 'entries')));
      }),
    );

const end = ({ does }: Actions): Command =>
  new Command('end')
    .description('end a session, also one that works')
    .argument('<id>', 'the session')
    .action(
      does<[string]>(async (invocation, [sessionId]) => {
        const client = await sessions(invocation);
        const answer = await client.endComputeSession({ sessionId }, { deadlineMs: STOP_MS });
        invocation.output.text(`${sessionId} is ended`);
        invocation.output.json(responseJson(ComputeSessionServiceService.endComputeSession, answer));
      }),
    );

const printSessions = (output: Output, all: readonly ComputeSession[]): void =>
  output.table(
    [
      { title: 'ID' },
      { title: 'HOST' },
      { title: 'WORKER' },
      { title: 'STATE' },
      { title: 'OWNER' },
      { title: 'NAME' },
      { title: 'PROJECT' },
      { title: 'MEMORY', align: 'right' },
      { title: 'CPU', align: 'right' },
      { title: 'USED' },
      { title: 'ENDS IF UNUSED' },
      { title: 'ENDED' },
    ],
    all.map((each) => [
      each.sessionId,
      each.hostName,
      each.worker,
      each.busy ? 'busy' : formatEnum(each.state, 'SESSION_STATE_'),
      each.owner,
      each.userInfo?.userName ?? '',
      each.userInfo?.project ?? '',
      formatBytes(each.memoryBytes),
      formatSeconds((each.cpuTime?.seconds ?? 0) + (each.cpuTime?.nanos ?? 0) / 1e9),
      formatInstant(each.lastActivityTime),
      formatInstant(each.idleEndTime),
      each.endTime === undefined ? '' : formatEnum(each.endReason, 'SESSION_END_REASON_'),
    ]),
  );

const printLog = (output: Output, all: readonly CommandLogEntry[]): void =>
  output.table(
    [
      { title: 'NO', align: 'right' },
      { title: 'COMMAND' },
      { title: 'STARTED' },
      { title: 'TOOK', align: 'right' },
      { title: 'OUTCOME' },
      { title: 'MEMORY AFTER', align: 'right' },
      { title: 'ERROR' },
    ],
    all.map((each) => [
      String(each.number),
      each.command,
      formatInstant(each.startTime),
      each.tookMs === undefined ? '' : formatSeconds(each.tookMs / 1_000),
      each.success ? 'succeeded' : formatEnum(each.outcome, 'COMMAND_OUTCOME_'),
      formatBytes(each.memoryAfterBytes),
      each.error,
    ]),
  );
