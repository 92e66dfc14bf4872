import { Command } from 'commander';
import {
  ComputeSessionServiceService,
  type CommandLogEntry,
  type ComputeSession,
} from '#libs/contracts/port.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import { precondition } from '../failures.ts';
import { formatBytes, formatEnum, formatInstant, formatSeconds } from '../formats.ts';
import type { Actions, Define, Invocation } from '../invocation.ts';
import { readText } from '../lines.ts';
import { tellList } from '../list.ts';
import { ANYWHERE, hostOption, parseTtl, toDuration, type HostOption } from '../options.ts';
import type { Column } from '../output.ts';
import { listSessions, startSession, STOP_MS } from './sessions.ts';

const START_MS = 60_000;
const COMMAND_SECONDS = 300;
/** A call may take so much longer than its command. */
const MARGIN_MS = 5_000;
/** Workers answer up to 64 MiB. */
const MAX_REPLY_BYTES = 80 * 1024 ** 2;

const service = ComputeSessionServiceService;

export const compute: Define = (command, actions) => {
  for (const nested of [start, send, list, log, end]) {
    command.addCommand(nested(actions));
  }
  return command;
};

const clientOf = ({ client }: Invocation) =>
  client(service, 'customer', {
    channelOptions: { 'grpc.max_receive_message_length': MAX_REPLY_BYTES },
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
    .argument('[worker]', 'the kind of worker; not needed if there is only one')
    .option('--name <text>', 'your name, for the history')
    .option('--project <text>', 'what it is for, for the history')
    .option('--expose', 'let everybody on the host reach the worker on its port')
    .option('--wait <time>', 'how long to wait for a free port', parseTtl)
    .addOption(hostOption(ANYWHERE))
    .action(
      does<[string | undefined], StartOptions>(async (invocation, [worker = ''], options) => {
        const { output, cli } = invocation;
        const { name: userName = '', project = '', expose = false, wait, host } = options;
        const { startComputeSession } = await clientOf(invocation);
        const userInfo = { userName, project, clientAddress: '', clientAgent: '' };
        // The same request id gets the same session, so that a retry starts no second one.
        const requestId = cli.random.id('start');
        const ask = { host, worker, userInfo, expose, requestId, wait: toDuration(wait) };
        const answer = await startSession(invocation, { startMs: START_MS, wait }, (within) =>
          startComputeSession(ask, within),
        );
        await output.answer(service.startComputeSession, answer, answer.sessionId);
        const where = expose ? `, reached on port ${answer.port}` : '';
        output.note(
          `${formatEnum(answer.state, 'SESSION_STATE_')}${where}; end it with: muster compute end ${answer.sessionId}`,
        );
      }),
    );

const send = ({ does }: Actions): Command =>
  new Command('send')
    .description('let the worker execute a command, and print its reply')
    .argument('<id>', 'the session')
    .argument('<json>', '{"command": NAME, …}, or - to read it from standard input')
    .option(
      '--timeout <time>',
      'how long to wait for the reply, up to 300s',
      parseTtl,
      COMMAND_SECONDS,
    )
    .action(
      does<[string, string], { timeout: number }>(
        async (invocation, [sessionId, json], options) => {
          const { cli, output } = invocation;
          const { timeout } = options;
          const { sendCommand } = await clientOf(invocation);
          const commandJson = json === '-' ? await readText(cli.stdin) : json;
          // Never retried: if the answer is lost, nobody knows whether the command ran.
          const reply = await sendCommand(
            { sessionId, commandJson, timeout: toDuration(timeout) },
            { deadlineMs: timeout * 1_000 + MARGIN_MS, signal: cli.interrupt },
          );
          // Printed unparsed, because JavaScript would round numbers with many digits.
          if (output.isJson) {
            cli.stdout.write(`${reply.replyJson.trim()}\n`);
          }
          output.text(reply.replyJson.trim().split('\n'));
          if (!reply.success) {
            throw precondition('COMMAND_FAILED', `the worker says: ${reply.error}`);
          }
        },
      ),
    );

const list = (actions: Actions): Command =>
  listSessions(actions, 'list your sessions, the latest first', async (invocation, ask) => {
    const { listComputeSessions } = await clientOf(invocation);
    await tellList(
      invocation.output,
      service.listComputeSessions,
      (page) => listComputeSessions({ ...ask, ...page }),
      'sessions',
      sessionColumns,
    );
  });

const log = ({ does }: Actions): Command =>
  new Command('log')
    .description('list the commands of a session, the latest first')
    .argument('<id>', 'the session')
    .option('--ping', 'also ping')
    .action(
      does<[string], { ping?: true }>(async (invocation, [sessionId], { ping = false }) => {
        const { listCommandLog } = await clientOf(invocation);
        await tellList(
          invocation.output,
          service.listCommandLog,
          (page) => listCommandLog({ sessionId, includePing: ping, ...page }),
          'entries',
          logColumns,
        );
      }),
    );

const end = ({ does }: Actions): Command =>
  new Command('end')
    .description('end a session, even while its worker works')
    .argument('<id>', 'the session')
    .action(
      does<[string]>(async (invocation, [sessionId]) => {
        const { endComputeSession } = await clientOf(invocation);
        const answer = await endComputeSession({ sessionId }, { deadlineMs: STOP_MS });
        const text = `${sessionId} is ended`;
        await invocation.output.answer(service.endComputeSession, answer, text);
      }),
    );

const sessionColumns: readonly Column<ComputeSession>[] = [
  ['ID', ({ sessionId }) => sessionId],
  ['HOST', ({ hostName }) => hostName],
  ['WORKER', ({ worker }) => worker],
  ['STATE', ({ busy, state }) => (busy ? 'busy' : formatEnum(state, 'SESSION_STATE_'))],
  ['OWNER', ({ owner }) => owner],
  ['NAME', ({ userInfo }) => userInfo?.userName ?? ''],
  ['PROJECT', ({ userInfo }) => userInfo?.project ?? ''],
  ['MEMORY', ({ memoryBytes }) => formatBytes(memoryBytes), 'right'],
  ['CPU', ({ cpuTime }) => formatSeconds((durationFromProto(cpuTime) ?? 0) / 1_000), 'right'],
  ['USED', ({ lastActivityTime }) => formatInstant(lastActivityTime)],
  ['ENDS IF UNUSED', ({ idleEndTime }) => formatInstant(idleEndTime)],
  [
    'ENDED',
    ({ endTime, endReason }) =>
      endTime === undefined ? '' : formatEnum(endReason, 'SESSION_END_REASON_'),
  ],
];

const logColumns: readonly Column<CommandLogEntry>[] = [
  ['NO', ({ number }) => number, 'right'],
  ['COMMAND', ({ command }) => command],
  ['STARTED', ({ startTime }) => formatInstant(startTime)],
  ['TOOK', ({ tookMs }) => (tookMs === undefined ? '' : formatSeconds(tookMs / 1_000)), 'right'],
  [
    'OUTCOME',
    ({ success, outcome }) => (success ? 'succeeded' : formatEnum(outcome, 'COMMAND_OUTCOME_')),
  ],
  ['MEMORY AFTER', ({ memoryAfterBytes }) => formatBytes(memoryAfterBytes), 'right'],
  ['ERROR', ({ error }) => error],
];
