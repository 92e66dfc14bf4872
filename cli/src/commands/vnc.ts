import { Command } from 'commander';
import { VncServiceService, type VncSession, type VncStats } from '#libs/contracts/port.ts';
import { formatBytes, formatEnum, formatInstant } from '../formats.ts';
import type { Actions, Define, Invocation } from '../invocation.ts';
import { allPages, tellList } from '../list.ts';
import { ALL, ANYWHERE, hostOption, parseTtl, toDuration, type HostOption } from '../options.ts';
import type { Column } from '../output.ts';
import { persistently, startPatience } from '../patience.ts';

const START_MS = 60_000;
const STOP_MS = 30_000;

export const vnc: Define = (command, actions) => {
  for (const nested of [start, list, stop]) {
    command.addCommand(nested(actions));
  }
  return command;
};

const clientOf = async (invocation: Invocation) =>
  (await invocation.mesh()).client(VncServiceService, 'port', 'operator');

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
        const { output, cli } = invocation;
        const { host, gateway = false, allowUnreachable = false, wait } = options;
        const client = await clientOf(invocation);
        const ask = { host, vm, target, gateway, allowUnreachable, wait: toDuration(wait) };
        // A retry gets the session of the same machine.
        const answer = await persistently(startPatience(invocation), () =>
          client.startVncSession(ask, {
            deadlineMs: START_MS + (wait ?? 0) * 1_000,
            signal: cli.interrupt,
          }),
        );
        output.text(answer.url);
        const state = formatEnum(answer.state, 'SESSION_STATE_');
        output.note(
          `${answer.sessionId}: ${answer.reused ? 'it was there already' : 'started'}, ${state}`,
        );
        await output.answer(VncServiceService.startVncSession, answer);
      }),
    );

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list consoles, the latest first')
    .option('--ended', 'also ended ones')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { ended?: true }>(async (invocation, _args, { ended, host }) => {
        const client = await clientOf(invocation);
        const ask = { host, includeEnded: ended === true, pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listVncSessions({ ...ask, pageToken }));
        await tellList(
          invocation.output,
          VncServiceService.listVncSessions,
          pages,
          'sessions',
          columns,
        );
        const stats = pages.at(-1)?.stats;
        if (stats !== undefined) {
          invocation.output.note(saidOf(stats));
        }
      }),
    );

const SESSION = /^vnc-[a-z0-9]{16}$/;

const stop = ({ does }: Actions): Command =>
  new Command('stop')
    .description('end a console, even if somebody watches it')
    .argument('<vm>', 'the machine, or the id of the session')
    .action(
      does<[string]>(async (invocation, [name]) => {
        const client = await clientOf(invocation);
        const which = SESSION.test(name)
          ? { sessionId: name, vm: '' }
          : { sessionId: '', vm: name };
        const answer = await client.stopVncSession(which, { deadlineMs: STOP_MS });
        invocation.output.text(`the console of ${answer.session?.vm ?? name} is ended`);
        await invocation.output.answer(VncServiceService.stopVncSession, answer);
      }),
    );

const saidOf = ({
  sessions,
  gatewaySessions,
  unreachable,
  viewers,
  sentBytes,
  receivedBytes,
}: VncStats): string =>
  `${sessions} consoles, ${gatewaySessions} through the gateway, ${unreachable} unreachable; ` +
  `${viewers} viewers, ${formatBytes(sentBytes)} sent, ${formatBytes(receivedBytes)} received`;

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
