import { Command } from 'commander';
import { VncServiceService, type VncSession, type VncStats } from '#libs/contracts/port.ts';
import { formatBytes, formatEnum, formatInstant } from '../formats.ts';
import type { Actions, Define } from '../invocation.ts';
import { tellList } from '../list.ts';
import { ANYWHERE, hostOption, parseTtl, toDuration, type HostOption } from '../options.ts';
import type { Column } from '../output.ts';
import { listSessions, startSession, STOP_MS } from './sessions.ts';

const START_MS = 60_000;

const service = VncServiceService;

export const vnc: Define = (command, actions) => {
  for (const nested of [start, list, stop]) {
    command.addCommand(nested(actions));
  }
  return command;
};

interface StartOptions extends HostOption {
  gateway?: true;
  allowUnreachable?: true;
  wait?: number;
}

const start = ({ does }: Actions): Command =>
  new Command('start')
    .description("make a machine's console reachable, and print the page to open")
    .argument('<vm>', 'the machine, by any name')
    .argument('<target>', 'its VNC server, host:port')
    .option(
      '--gateway',
      'through the one gateway, with a token that works once, instead of a port of its own',
    )
    .option('--allow-unreachable', 'also if its VNC server does not answer yet')
    .option('--wait <time>', 'how long to wait for a free port', parseTtl)
    .addOption(hostOption(ANYWHERE))
    .action(
      does<[string, string], StartOptions>(async (invocation, [vm, target], options) => {
        const { output } = invocation;
        const { host, gateway = false, allowUnreachable = false, wait } = options;
        const { startVncSession } = await invocation.client(service, 'operator');
        const ask = { host, vm, target, gateway, allowUnreachable, wait: toDuration(wait) };
        const answer = await startSession(invocation, { startMs: START_MS, wait }, (within) =>
          startVncSession(ask, within),
        );
        await output.answer(service.startVncSession, answer, answer.url);
        const state = formatEnum(answer.state, 'SESSION_STATE_');
        output.note(
          `${answer.sessionId}: ${answer.reused ? 'it was there already' : 'started'}, ${state}`,
        );
      }),
    );

const list = (actions: Actions): Command =>
  listSessions(actions, 'list consoles, the latest first', async ({ client, output }, ask) => {
    const { listVncSessions } = await client(service, 'operator');
    const pages = await tellList(
      output,
      service.listVncSessions,
      (page) => listVncSessions({ ...ask, ...page }),
      'sessions',
      columns,
    );
    const stats = pages.at(-1)?.stats;
    if (stats !== undefined) {
      output.note(saidOf(stats));
    }
  });

const SESSION = /^vnc-[a-z0-9]{16}$/;

const stop = ({ does }: Actions): Command =>
  new Command('stop')
    .description('end a console, even if somebody watches it')
    .argument('<vm>', 'the machine, or the id of the session')
    .action(
      does<[string]>(async ({ client, output }, [name]) => {
        const { stopVncSession } = await client(service, 'operator');
        const [sessionId, vm] = SESSION.test(name) ? [name, ''] : ['', name];
        const answer = await stopVncSession({ sessionId, vm }, { deadlineMs: STOP_MS });
        const text = `the console of ${answer.session?.vm ?? name} is ended`;
        await output.answer(service.stopVncSession, answer, text);
      }),
    );

const saidOf = (stats: VncStats): string =>
  `${stats.sessions} consoles, ${stats.gatewaySessions} through the gateway, ${stats.unreachable} unreachable; ` +
  `${stats.viewers} viewers, ${formatBytes(stats.sentBytes)} sent, ${formatBytes(stats.receivedBytes)} received`;

const columns: readonly Column<VncSession>[] = [
  ['ID', ({ sessionId }) => sessionId],
  ['HOST', ({ hostName }) => hostName],
  ['VM', ({ vm }) => vm],
  ['STATE', ({ state }) => formatEnum(state, 'SESSION_STATE_')],
  ['PORT', ({ port }) => port, 'right'],
  ['TARGET', ({ target }) => target],
  ['PID', ({ pid }) => pid, 'right'],
  ['VIEWERS', ({ viewers }) => viewers, 'right'],
  ['SENT', ({ sentBytes }) => formatBytes(sentBytes), 'right'],
  ['RECEIVED', ({ receivedBytes }) => formatBytes(receivedBytes), 'right'],
  ['USED', ({ lastActivityTime }) => formatInstant(lastActivityTime)],
  ['URL', ({ url }) => url],
];
