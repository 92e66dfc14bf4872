import { hash } from 'node:crypto';
import { inParallel } from '#libs/async/index.ts';
import { MachineServiceService } from '#libs/contracts/user.ts';
import { createClient } from '#libs/grpc/client/create-client.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import type { TlsFiles } from '#libs/config/index.ts';
import { machineMemory } from '#libs/programs/index.ts';
import type { Part } from '../context.ts';
import { outage, textOf } from '../failures.ts';
import { persistently } from '../patience.ts';
import { explained } from '../unanswered.ts';
import { writePrivate } from './files.ts';
import { serviceProcess } from './services.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Enrols a machine by name and answers its agent's token. The request's id follows from the name, so the same name gets
 * the same machine with a new token.
 */
export const enrol = async (
  cli: Surroundings['cli'],
  name: string,
  userManager: { target: string; token: string; tls: TlsFiles | undefined },
  /** Tells a person that it waits for the mesh. */
  note: (text: string) => void = () => {},
): Promise<string> => {
  const { clock, random, interrupt: signal } = cli;
  const onOutage = (error: Error): void => note(outage(error));
  const patience = { clock, random, signal, patienceMs: ENROL_PATIENCE_MS, onOutage };
  const explain = (error: DomainError): DomainError => explained(error, userManager.target);
  using client = createClient(MachineServiceService, {
    ...userManager,
    insecure: cli.env.insecure,
    explain,
  });
  const request = {
    name,
    tokenTtlSeconds: TOKEN_TTL_SECONDS,
    requestId: requestIdFor(name),
    // They are all this machine.
    ownerId: UP_OWNER,
  };
  try {
    const { token } = await persistently(patience, () => client.createMachine(request, { signal }));
    return token;
  } catch (error) {
    if (error instanceof DomainError && error.code === status.ALREADY_EXISTS) {
      throw new DomainError(
        error.code,
        error.reason,
        `${error.message}; it was enrolled in another way, so its token is needed (MUSTER_TOKEN)`,
        error.metadata,
      );
    }
    throw error;
  }
};

/** Hashed, because a name may be longer than a request's id. */
const requestIdFor = (name: string): string => `agent-${hash('sha256', name, 'hex').slice(0, 40)}`;

/** A year, because an agent on a machine that is never switched off outlives the default of 30 days. */
const TOKEN_TTL_SECONDS = 366 * 86_400;

/** The variables of an agent, beside those that it inherits. */
export const agentEnvironment = (settings: {
  tokenFile: string;
  endpoints: Pick<Record<Part, string>, 'user' | 'blob'>;
  cache: string;
  slots: number;
  memoryBytes?: number | undefined;
  engines: string;
  blender: readonly string[];
  gpu?: boolean;
  sandbox: boolean;
}): Record<string, string> => ({
  MUSTER_TOKEN_FILE: settings.tokenFile,
  MUSTER_USER_ENDPOINT: settings.endpoints.user,
  MUSTER_BLOB_ENDPOINT: settings.endpoints.blob,
  MUSTER_AGENT_SLOTS: String(settings.slots),
  ...(settings.memoryBytes === undefined
    ? {}
    : { MUSTER_AGENT_MEMORY: String(settings.memoryBytes) }),
  MUSTER_AGENT_ENGINES: settings.engines,
  MUSTER_AGENT_CACHE: settings.cache,
  ...(settings.blender.length === 0 ? {} : { MUSTER_AGENT_BLENDER: settings.blender.join(':') }),
  ...((settings.gpu ?? true) ? {} : { MUSTER_AGENT_NO_GPU: '1' }),
  ...(settings.sandbox ? {} : { MUSTER_AGENT_NO_SANDBOX: '1' }),
});

/** Whose the agents of `up` are. */
const UP_OWNER = 'up';

/** An agent tries each engine of each Blender before it is ready, the first time. */
const AGENT_READY_MS = 600_000;
const ENROL_PATIENCE_MS = 30_000;

/** Enrols and starts the agents of a mesh, side by side. If one does not start, people are told and the others go on. */
export const startAgents = (
  around: Surroundings,
  endpoints: Record<Part, string>,
): Promise<void> => {
  const names = Array.from({ length: around.options.agents }, (_, i) => `agent-${i + 1}`);
  return inParallel(Infinity, names, async (name) => {
    try {
      await startAgent(around, endpoints, name);
    } catch (error) {
      // The mesh works without this machine.
      if (!around.cli.interrupt.aborted) {
        around.tell(undefined, `${name}: ${textOf(error)}`);
      }
    }
  });
};

const startAgent = async (
  { options, layout, secrets, supervisor, cli }: Surroundings,
  endpoints: Record<Part, string>,
  name: string,
): Promise<void> => {
  const tokenFile = layout.secret(`${name}.token`);
  const token = await enrol(cli, name, {
    target: endpoints.user,
    token: secrets.tokens.operator,
    tls: options.tls,
  });
  await writePrivate(tokenFile, `${token}\n`);
  // They are on one machine, and each of them takes no more than its share.
  const memoryBytes = options.agents > 1 ? Math.floor(machineMemory() / options.agents) : undefined;
  const cache = layout.data(name);
  const own = agentEnvironment({ ...options, memoryBytes, tokenFile, endpoints, cache });
  const program = serviceProcess(name, 'compute-agent', own, layout);
  await supervisor.add({ kind: 'agent', program, readyMs: AGENT_READY_MS });
};
