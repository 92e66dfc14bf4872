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

const entry = (term: string, about: string, load: CommandEntry['load']): CommandEntry => {
  const [name = ''] = term.split(' ');
  return { name, term, about, load };
};

export const aboutTheMesh: readonly CommandEntry[] = [
  entry(
    'up [options]',
    'run a whole mesh on this machine: stores, services and agents',
    async () => (await import('./commands/up.ts')).up,
  ),
  entry(
    'down [options]',
    'end the mesh that `muster up` runs on this machine; does nothing when there is none',
    async () => (await import('./commands/down.ts')).down,
  ),
  entry(
    'status',
    'the health of every part of the mesh',
    async () => (await import('./commands/status.ts')).status,
  ),
  entry(
    'agent [options]',
    'put this machine to work: run a compute agent until Ctrl-C',
    async () => (await import('./commands/agent.ts')).agent,
  ),
];

export const render: CommandEntry = entry(
  'render [options] <file>',
  'render a Blender file on the mesh and fetch its frames as they land',
  async () => (await import('./commands/render.ts')).render,
);

export const listWorkloads: CommandEntry = entry(
  'workloads [options]',
  'list workloads, the newest first; the commands below are also commands of their own',
  async () => (await import('./commands/workloads.ts')).workloads,
);

/** Commands that take a workload's id: `muster show ID`, and `muster workloads show ID` for those who look there. */
export const aboutWorkloads: readonly CommandEntry[] = [
  entry(
    'show [options] [id]',
    'everything about a workload',
    async () => (await import('./commands/show.ts')).show,
  ),
  entry(
    'watch [options] [id]',
    "show a workload's progress until it ends",
    async () => (await import('./commands/watch.ts')).watch,
  ),
  entry(
    'stop [options] <id>',
    'end a workload; accepted results stay',
    async () => (await import('./commands/control.ts')).stop,
  ),
  entry(
    'pause [options] [id]',
    'hand out no new tasks; running ones are finished and count',
    async () => (await import('./commands/control.ts')).pause,
  ),
  entry(
    'resume [options] [id]',
    'go on after a pause',
    async () => (await import('./commands/control.ts')).resume,
  ),
  entry(
    'retry [options] [id]',
    'do tasks again, also of a workload that has ended',
    async () => (await import('./commands/control.ts')).retry,
  ),
  entry(
    'users-wanted <id> [n]',
    'set how many users a workload wants from now on; without N, show it',
    async () => (await import('./commands/control.ts')).usersWanted,
  ),
  entry(
    'results [options] [id]',
    'list the accepted results of a workload, or fetch them',
    async () => (await import('./commands/results.ts')).results,
  ),
  entry(
    'log <id> <task>',
    "the log of a task's latest failed attempt",
    async () => (await import('./commands/log.ts')).log,
  ),
  entry(
    'why [options] [id]',
    'say why a workload waits',
    async () => (await import('./commands/why.ts')).why,
  ),
  entry(
    'scrub [options] [id]',
    'compare accepted results with their blobs; missing and damaged ones are made again',
    async () => (await import('./commands/scrub.ts')).scrub,
  ),
];

export const forOperators: readonly CommandEntry[] = [
  entry(
    'users [options]',
    'list the compute users that are connected right now',
    async () => (await import('./commands/users.ts')).users,
  ),
  entry(
    'machines',
    'list the machines that may connect, or enrol and remove them',
    async () => (await import('./commands/machines.ts')).machines,
  ),
  entry(
    'customers',
    'list customers and their plans, or change them',
    async () => (await import('./commands/customers.ts')).customers,
  ),
  entry(
    'ports',
    'leases of ports of a host',
    async () => (await import('./commands/ports.ts')).ports,
  ),
  entry(
    'visualize [options] <case>',
    'a ParaView server for a case: a folder on the host of the broker, or an archive (.tar.gz, .zip) from here',
    async () => (await import('./commands/visualize.ts')).visualize,
  ),
  entry(
    'vnc',
    'consoles of virtual machines in a browser',
    async () => (await import('./commands/vnc.ts')).vnc,
  ),
  entry(
    'compute',
    'interactive sessions with a compute worker',
    async () => (await import('./commands/compute.ts')).compute,
  ),
  entry(
    'token',
    'make tokens that prove who calls',
    async () => (await import('./commands/token.ts')).token,
  ),
  entry(
    'call [options] <service/method> [json]',
    'call any rpc by name, with proto3 JSON in and out; a stream prints one line per message',
    async () => (await import('./commands/call.ts')).call,
  ),
];
