import type { Define } from './invocation.ts';

/** A command as `muster --help` shows it, and where the rest of it is. */
export interface CommandEntry {
  name: string;
  /** The name and what follows it, as in a list of commands. */
  term: string;
  about: string;
  /** Loads what the command needs: arguments, options and what it does. */
  load: () => Promise<Define>;
}

/** The module exports the command under its name in camel case. */
const entry = (
  term: string,
  about: string,
  module: () => Promise<Readonly<Record<string, Define>>>,
): CommandEntry => {
  const [name = ''] = term.split(' ');
  const exported = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const load = async (): Promise<Define> => {
    const { [exported]: define } = await module();
    if (define === undefined) {
      throw new TypeError(`the module of ${name} does not export it`);
    }
    return define;
  };
  return { name, term, about, load };
};

export const aboutTheMesh: readonly CommandEntry[] = [
  entry(
    'up [options]',
    'run a whole mesh on this machine: stores, services and agents',
    () => import('./commands/up.ts'),
  ),
  entry(
    'down [options]',
    'end the mesh that `muster up` runs on this machine; does nothing when there is none',
    () => import('./commands/down.ts'),
  ),
  entry('status', 'the health of every part of the mesh', () => import('./commands/status.ts')),
  entry(
    'agent [options]',
    'put this machine to work: run a compute agent until Ctrl-C',
    () => import('./commands/agent.ts'),
  ),
];

export const render: CommandEntry = entry(
  'render [options] [path]',
  'render a Blender file on the mesh and fetch its frames as they land',
  () => import('./commands/render.ts'),
);

export const simulate: CommandEntry = entry(
  'simulate [options] <dir>',
  'compute an OpenFOAM case on the mesh and fetch its results',
  () => import('./commands/simulate.ts'),
);

export const listWorkloads: CommandEntry = entry(
  'workloads [options]',
  'list workloads, the newest first; the commands below are also commands of their own',
  () => import('./commands/workloads.ts'),
);

/** Commands that take a workload's id: `muster show ID`, and `muster workloads show ID` for those who look there. */
export const aboutWorkloads: readonly CommandEntry[] = [
  entry('show [options] [id]', 'everything about a workload', () => import('./commands/show.ts')),
  entry(
    'watch [options] [id]',
    "show a workload's progress until it ends",
    () => import('./commands/watch.ts'),
  ),
  entry(
    'stop [options] <id>',
    'end a workload; accepted results stay',
    () => import('./commands/control.ts'),
  ),
  entry(
    'pause [options] [id]',
    'hand out no new tasks; running ones are finished and count',
    () => import('./commands/control.ts'),
  ),
  entry('resume [options] [id]', 'go on after a pause', () => import('./commands/control.ts')),
  entry(
    'retry [options] [id]',
    'do tasks again, also of a workload that has ended',
    () => import('./commands/control.ts'),
  ),
  entry(
    'approve [options] <id>',
    'approve results that wait for it, so that the work goes on',
    () => import('./commands/rule.ts'),
  ),
  entry(
    'reject [options] <id>',
    'reject results that wait for approval; what needs them is given up',
    () => import('./commands/rule.ts'),
  ),
  entry(
    'users-wanted <id> [n]',
    'set how many users a workload wants from now on; without N, show it',
    () => import('./commands/control.ts'),
  ),
  entry(
    'results [options] [id]',
    'list the accepted results of a workload, or fetch them',
    () => import('./commands/results.ts'),
  ),
  entry(
    'log [options] <id> <task>',
    'what the engine printed: for the result of a task, or else for its latest failed attempt',
    () => import('./commands/inspect.ts'),
  ),
  entry('why [options] [id]', 'say why a workload waits', () => import('./commands/inspect.ts')),
  entry(
    'scrub [options] [id]',
    'compare accepted results with their blobs; missing and damaged ones are made again',
    () => import('./commands/inspect.ts'),
  ),
];

export const webhook: CommandEntry = entry(
  'webhook',
  'have the end of each workload POSTed to a URL: set, show, test, remove',
  () => import('./commands/webhook.ts'),
);

export const forOperators: readonly CommandEntry[] = [
  entry(
    'users [options]',
    'list the compute users that are connected right now',
    () => import('./commands/users.ts'),
  ),
  entry(
    'machines',
    'list the machines that may connect, or enrol and remove them',
    () => import('./commands/machines.ts'),
  ),
  entry(
    'customers',
    'list customers and their plans, or change them',
    () => import('./commands/customers.ts'),
  ),
  entry('ports', 'leases of ports of a host', () => import('./commands/ports.ts')),
  entry(
    'visualize [options] <case>',
    'a ParaView server for a case: a folder on the host of the broker, or an archive (.tar.gz, .zip) from here',
    () => import('./commands/visualize.ts'),
  ),
  entry('vnc', 'consoles of virtual machines in a browser', () => import('./commands/vnc.ts')),
  entry(
    'compute',
    'interactive sessions with a compute worker',
    () => import('./commands/compute.ts'),
  ),
  entry('token', 'make tokens that prove who calls', () => import('./commands/token.ts')),
  entry(
    'call [options] <service/method> [json]',
    'call any rpc by name, with proto3 JSON in and out; a stream prints one line per message',
    () => import('./commands/call.ts'),
  ),
];
