import { createHash } from 'node:crypto';
import {
  AgentServiceService,
  type Capability,
  type Completed,
  type ConnectRequest,
  type ConnectResponse,
  type DesiredState,
  type Outcome,
  type Report,
  type Welcome,
} from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import type { DomainError } from '#libs/errors/index.ts';
import { createClient } from '#libs/grpc/index.ts';
import { createChanges, type Changes } from './changes.ts';
import type { Mesh } from './mesh.ts';

/** A machine that may connect. */
export interface Enrolled {
  name: string;
  machine: string;
  token: string;
}

/** An agent whose every step a test decides. It follows the protocol and works only if the test says so. */
export interface HandAgent extends Enrolled, Disposable {
  readonly connection: string;
  /** The last desired state that the mesh sent. */
  desired(): DesiredState | undefined;
  /** The workload that it works for, and the attempts at it whose results were not accepted yet. */
  work(): { workload: string; attempts: Attempt[] };
  /** Resolves when `look` returns a value. It looks after each message to any agent of this process. */
  until: Changes['until'];
  /** Resolves with its first attempt as soon as it has one. If a workload is named, the attempt is of that workload. */
  attempt(workload?: string): Promise<Attempt>;
  /** Reports that it begins an attempt. */
  begin(attempt: Attempt): Promise<void>;
  /** Reports the right result of an attempt, or a different one, and returns the outcome. */
  complete(
    attempt: Attempt,
    different?: Partial<Completed> & { workload?: string },
  ): Promise<Outcome>;
  /** Sends any report with a new id, and returns the outcome. */
  report(report: Omit<Report, 'reportId'>): Promise<Outcome>;
  /** Lets it work by itself from now on, one task after another, until it is closed. */
  goToWork(durationMs: number): void;
  send(message: ConnectRequest['message']): Promise<void>;
  goodbye(): Promise<void>;
  /** Resolves with the error that ended its stream; undefined means OK. */
  readonly ended: Promise<DomainError | undefined>;
}

export const enrol = async ({ operator }: Mesh, name: string): Promise<Enrolled> => {
  const { machine, token } = await operator.machines.createMachine({
    name,
    tokenTtlSeconds: 0,
    requestId: '',
  });
  if (machine === undefined) {
    throw new Error('an enrolment without a machine');
  }
  return { name, machine: machine.machineId, token };
};

/** The hash of the result of a noop task without bytes. */
export const noopSha256 = (workload: string, task: string): string =>
  createHash('sha256').update(`${workload}/${task}`).digest('hex');

const keyOf = (workload: string, { attempt }: Attempt): string => `${workload} ${attempt}`;

const told = new Map<string, () => string>();
const { ring, until } = createChanges(() => [...told.values()].map((each) => each()).join('; '));

/** Enrols a machine, unless it is already enrolled, and connects its agent. */
export const handAgent = async (
  mesh: Mesh,
  who: string | Enrolled,
  slots = 1,
  engines: Capability['engines'] = [{ name: 'noop', version: '1' }],
): Promise<HandAgent> => {
  const enrolled = typeof who === 'string' ? await enrol(mesh, who) : who;
  const client = createClient(AgentServiceService, {
    target: mesh.endpoints.user,
    token: enrolled.token,
  });
  const call = client.connect();
  const welcomed = Promise.withResolvers<Welcome>();
  const awaited = new Map<number, PromiseWithResolvers<Outcome>>();
  const accepted = new Set<string>();
  let desired: DesiredState | undefined;
  let reports = 0;
  let isClosed = false;

  const send = (message: ConnectRequest['message']): Promise<void> => call.send({ message });

  const hear = async ({ message }: ConnectResponse): Promise<void> => {
    switch (message?.$case) {
      case 'welcome':
        welcomed.resolve(message.value);
        break;
      case 'desiredState':
        desired = message.value;
        // It holds only attempts that the mesh sent on this stream.
        if (desired.adopt) {
          const { workloadId, epoch } = desired;
          await send({ $case: 'held', value: { workloadId, epoch, attempts: [] } });
        }
        break;
      case 'outcomes':
        for (const outcome of message.value.outcomes) {
          awaited.get(outcome.reportId)?.resolve(outcome);
          awaited.delete(outcome.reportId);
        }
        break;
      case 'superseded':
      case undefined:
        break;
      default:
        message satisfies never;
    }
    ring();
  };

  const listen = async (): Promise<DomainError | undefined> => {
    try {
      for await (const response of call.responses) {
        await hear(response);
      }
      return undefined;
    } catch (thrown) {
      welcomed.reject(thrown);
      return thrown as DomainError;
    } finally {
      isClosed = true;
      for (const { reject } of awaited.values()) {
        reject(new Error('the stream ended before the outcome'));
      }
      client.close();
    }
  };

  const ended = listen();
  const capability: Capability = {
    cpus: 2,
    memoryBytes: 2 ** 30,
    engines,
    sandbox: 'SANDBOX_LEVEL_NONE',
  };
  await send({ $case: 'hello', value: { agentVersion: 'by hand', slots, capability, held: [] } });
  const { connectionId } = await welcomed.promise;
  told.set(connectionId, () => `${enrolled.name} was told ${JSON.stringify(desired)}`);

  const work: HandAgent['work'] = () => {
    const { workloadId: workload = '', attempts = [] } = desired ?? {};
    return { workload, attempts: attempts.filter((each) => !accepted.has(keyOf(workload, each))) };
  };

  const report: HandAgent['report'] = async (made) => {
    reports += 1;
    const outcome = Promise.withResolvers<Outcome>();
    awaited.set(reports, outcome);
    await send({ $case: 'reports', value: { reports: [{ ...made, reportId: reports }] } });
    return outcome.promise;
  };

  const complete: HandAgent['complete'] = async (
    attempt,
    { workload = work().workload, ...different } = {},
  ) => {
    const right = {
      receipt: undefined,
      sha256: noopSha256(workload, attempt.task),
      pixelHash: '',
      notes: [],
    };
    const value = { ...right, seconds: 1, ...different };
    const outcome = await report({
      workloadId: workload,
      attempt,
      body: { $case: 'completed', value },
    });
    if (outcome.verdict === 'VERDICT_ACCEPTED') {
      accepted.add(keyOf(workload, attempt));
    }
    return outcome;
  };

  const begin: HandAgent['begin'] = (attempt) => {
    const started = {
      reportId: 0,
      workloadId: work().workload,
      attempt,
      body: { $case: 'started', value: {} },
    } as const;
    return send({ $case: 'reports', value: { reports: [started] } });
  };

  const workAlong = async (durationMs: number): Promise<void> => {
    const done = new Set<string>();
    for (;;) {
      const attempt = await until(
        () => isClosed || work().attempts.find((each) => !done.has(keyOf(work().workload, each))),
        3_600_000,
      );
      if (attempt === true) {
        return;
      }
      const { workload } = work();
      done.add(keyOf(workload, attempt));
      await begin(attempt);
      await new Promise((resolve) => setTimeout(resolve, durationMs));
      const isStillWanted = work().attempts.some((each) => each.attempt === attempt.attempt);
      if (isStillWanted && !isClosed) {
        await complete(attempt, { workload, seconds: durationMs / 1_000 });
      }
    }
  };

  return {
    ...enrolled,
    connection: connectionId,
    desired: () => desired,
    work,
    until,
    attempt: (workload) =>
      until(() =>
        workload === undefined || work().workload === workload ? work().attempts[0] : undefined,
      ),
    begin,
    complete,
    report,
    goToWork: (durationMs) =>
      void workAlong(durationMs).catch((thrown: unknown) => {
        if (!isClosed) {
          throw thrown;
        }
      }),
    send,
    goodbye: async () => {
      await send({ $case: 'goodbye', value: { reason: 'done' } });
      call.end();
      await ended;
    },
    ended,
    [Symbol.dispose]: () => {
      isClosed = true;
      told.delete(connectionId);
      ring();
      client.close();
    },
  };
};

/** Resolves when each of these agents has this many attempts. */
export const holding = async (agents: readonly HandAgent[], count: number): Promise<void> => {
  await Promise.all(
    agents.map((agent) => agent.until(() => agent.work().attempts.length === count)),
  );
};

/** Completes the agent's next task. Throws if the result is not accepted. */
export const finishTask = async (agent: HandAgent): Promise<void> => {
  const attempt = await agent.attempt();
  const { verdict, reason } = await agent.complete(attempt);
  if (verdict !== 'VERDICT_ACCEPTED') {
    throw new Error(`${attempt.task} of ${agent.name}: ${verdict} ${reason}`);
  }
};
