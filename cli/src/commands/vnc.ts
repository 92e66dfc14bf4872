import { Command } from 'commander';
import { VncServiceService, type VncSession, type VncStats } from '#libs/contracts/port.ts';
import { parseTtl } from '../arguments.ts';
import { listJson, responseJson } from '../descriptors.ts';
import { formatBytes, formatEnum, formatInstant } from '../formats.ts';
import { ALL, ANYWHERE, hostOption, noteSilent, type HostOption } from '../host-option.ts';
import type { Actions, Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { allPages } from '../pages.ts';
import { persistently } from '../patience.ts';
import { startPatience } from '../start-patience.ts';

const START_MS = 60_000;
const STOP_MS = 30_000;

export const vncCommand = (actions: Actions): Command => {
  const vnc = new Command('vnc').description('consoles of virtual machines in a browser');
  for (const command of [start, list, stop]) vnc.addCommand(command(actions));
  return vnc;
};

const consoles = async (invocation: Invocation) =>
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
    .option('--gateway', 'through the one gateway, with a token that is good once, instead of a port of its own')
    .option('--allow-unreachable', 'also where its VNC server does not answer yet')
    .option('--wait <time>', 'wait so long for a free port', parseTtl)
    .addOption(hostOption(ANYWHERE))
    .action(
      does<[string, string], StartOptions>(async (invocation, [vm, target], options) => {
        const { output, cli } = invocation;
        const { host, gateway = false, allowUnreachable = false, wait = 0 } = options;
        const client = await consoles(invocation);
        const ask = {
          host,
          vm,
          target,
          gateway,
          allowUnreachable,
          wait: wait === 0 ? undefined : { seconds: wait, nanos: 0 },
        };
        // Asked again, the same machine gets the same session.
        const answer = await persistently(startPatience(invocation), () =>
          client.startVncSession(ask, { deadlineMs: START_MS + wait * 1_000, signal: cli.interrupt }),
        );
        output.text(answer.url);
        const state = formatEnum(answer.state, 'SESSION_STATE_');
        output.note(`${answer.sessionId}: ${answer.reused ? 'it was there already' : 'started'}, ${state}`);
        output.json(responseJson(VncServiceService.startVncSession, answer));
      }),
    );

const list = ({ does }: Actions): Command =>
  new Command('list')
    .description('list consoles, the latest first')
    .option('--ended', 'also ended ones')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { ended?: true }>(async (invocation, _args, { ended, host }) => {
        const client = await consoles(invocation);
        const ask = { host, includeEnded: ended === true, pageSize: 1_000 };
        const pages = await allPages((pageToken) => client.listVncSessions({ ...ask, pageToken }));
        noteSilent(invocation.output, pages);
        printConsoles(
          invocation.output,
          pages.flatMap(({ sessions }) => sessions),
        );
        const stats = pages.at(-1)?.stats;
        if (stats !== undefined) invocation.output.note(saidOf(stats));
        invocation.output.json(pages.flatMap((page) => listJson(VncServiceService.listVncSessions, page, 'sessions')));
      }),
    );

const SESSION = /^vnc-[a-z0-9]{16}$/;

const stop = ({ does }: Actions): Command =>
  new Command('stop')
    .description('end a console, also one that is watched')
    .argument('<vm>', 'the machine, or the id of the session')
    .action(
      does<[string]>(async (invocation, [name]) => {
        const client = await consoles(invocation);
        const which = SESSION.test(name) ? { sessionId: name, vm: '' } : { sessionId: '', vm: name };
        const answer = await client.stopVncSession(which, { deadlineMs: STOP_MS });
        invocation.output.text(`the console of ${answer.session?.vm ?? name} is ended`);
        invocation.output.json(responseJson(VncServiceService.stopVncSession, answer));
      }),
    );

const saidOf = ({ sessions, gatewaySessions, unreachable, viewers, sentBytes, receivedBytes }: VncStats): string =>
  `${sessions} consoles, ${gatewaySessions} through the gateway, ${unreachable} unreachable; ` +
  `${viewers} viewers, ${formatBytes(sentBytes)} sent, ${formatBytes(receivedBytes)} received`;

const printConsoles = (output: Output, all: readonly VncSession[]): void =>
  output.table(
    [
      { title: 'ID' },
      { title: 'HOST' },
      { title: 'VM' },
      { title: 'STATE' },
      { title: 'PORT', align: 'right' },
      { title: 'TARGET' },
      { title: 'PID', align: 'right' },
      { title: 'VIEWERS', align: 'right' },
      { title: 'SENT', align: 'right' },
      { title: 'RECEIVED', align: 'right' },
      { title: 'USED' },
      { title: 'URL' },
    ],
    all.map((each) => [
      each.sessionId,
      each.hostName,
      each.vm,
      formatEnum(each.state, 'SESSION_STATE_'),
      String(each.port),
      each.target,
      String(each.pid),
      String(each.viewers),
      formatBytes(each.sentBytes),
      formatBytes(each.receivedBytes),
      formatInstant(each.lastActivityTime),
      each.url,
    ]),
  );
