import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthService,
} from '#libs/contracts/health.ts';
import { createClient } from '#libs/grpc/client/create-client.ts';
import { environmentOf } from '#libs/programs/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { parts, type MeshContext } from '../context.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { textOf } from '../failures.ts';
import { addressOf, explained, noMeshAt } from '../unanswered.ts';
import type { Define, Invocation } from '../invocation.ts';
import { tlsFor } from '../mesh.ts';
import { readIfThere } from '../up/files.ts';
import { layoutOf } from '../up/layout.ts';

export const status: Define = (command, { does }) =>
  command.action(
    does<[]>(async (invocation) => {
      const { output } = invocation;
      const context = await invocation.context();
      const services = await checkServices(invocation, context);
      const checks = [...services, ...(await checkProcesses(context))];
      output.table(checks, [
        ['PART', ({ name }) => name],
        ['HEALTH', ({ health }) => health],
        ['WHERE', ({ where }) => where],
        ['DETAIL', ({ detail }) => detail],
      ]);
      output.json(checks);
      if (services.every(({ health }) => health === 'unreachable')) {
        const addresses = new Set(services.map(({ where }) => addressOf(where)));
        output.note(noMeshAt([...addresses].join(', ')));
      }
      return checks.every(({ health }) => health === 'serving' || health === 'running')
        ? exitCodes.done
        : exitCodes.unavailable;
    }),
  );

interface Check {
  /** `session`, or the process' name: `mongod`. */
  name: string;
  health: 'serving' | 'not serving' | 'unreachable' | 'running' | 'dead';
  where: string;
  detail: string;
}

const DEADLINE_MS = 3_000;

/** Each address of a target separately, because a replica that is away must not hide behind another. */
const addressesOf = (target: string): string[] => {
  const match = /^(ipv4|ipv6):(.+)$/.exec(target);
  return match === null
    ? [target]
    : (match[2] ?? '').split(',').map((address) => `${match[1]}:${address}`);
};

const checkServices = (invocation: Invocation, context: MeshContext): Promise<Check[]> =>
  Promise.all(
    parts.flatMap((part) => {
      const target = context.endpoints[part];
      return target === undefined
        ? []
        : addressesOf(target).map((where) => checkService(invocation, context, part, where));
    }),
  );

const checkService = async (
  { cli, common }: Invocation,
  context: MeshContext,
  name: string,
  where: string,
): Promise<Check> => {
  using client = createClient(HealthService, {
    target: where,
    tls: tlsFor(cli, common, context),
    // No token goes there.
    insecure: true,
    deadlineMs: DEADLINE_MS,
  });
  try {
    const answer = await client.check({ service: '' });
    const isServing = answer.status === ServingStatus.SERVING;
    return { name, health: isServing ? 'serving' : 'not serving', where, detail: '' };
  } catch (error) {
    const told = isDomainError(error) ? explained(error, where) : undefined;
    const detail = told?.metadata['problem'] ?? textOf(told ?? error);
    return { name, health: 'unreachable', where, detail };
  }
};

/** Looks at the processes of a mesh on this machine, because stores and agents answer no health check. */
const checkProcesses = async (context: MeshContext): Promise<Check[]> => {
  const directory = await realpath(dirname(context.file));
  const text = await readIfThere(layoutOf(directory).processes);
  if (text === undefined) {
    return [];
  }
  const processes = JSON.parse(text) as Readonly<Record<string, number>>;
  return Object.entries(processes).map(([name, pid]) => {
    // Another process may have the pid by now.
    const isThere = environmentOf(pid).includes(`MUSTER_UP_DIR=${directory}`);
    return { name, health: isThere ? 'running' : 'dead', where: `process ${pid}`, detail: '' };
  });
};
