import type {
  Capability,
  Completed,
  ConnectResponse,
  DesiredState,
  Outcome,
  Report,
} from '#libs/contracts/agent.ts';
import type { Attempt } from '#libs/contracts/common.ts';
import {
  type AgentStream,
  capabilityOf,
  completedBody,
  helloOf,
  noopSha256,
  openAgentStream,
} from '#libs/testing/index.ts';
import { createChanges, type Changes } from './changes.ts';
import type { Mesh } from './mesh.ts';

/** A machine that may connect. */
export interface Enrolled {
  name: string;
  machine: string;
  token: string;
}

/** An agent whose every step a test decides. It follows the protocol and works only if the test says so. */
export interface HandAgent
  extends Enrolled, Disposable, Pick<AgentStream, 'send' | 'goodbye' | 'ended'> {
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

const keyOf = (workload: string, { attempt }: Attempt): string => `${workload} ${attempt}`;

const told = new Map<string, () => string>();
const { ring, until } = createChanges(() => [...told.values()].map((each) => each()).join('; '));

/** Enrols a machine, unless it is already enrolled, and connects its agent. */
export const handAgent = async (
  mesh: Mesh,
  who: string | Enrolled,
  slots = 1,
  engines: Capability['engines'] = [{ name: 'noop', version: '1', devices: [] }],
): Promise<HandAgent> => {
  const enrolled = typeof who === 'string' ? await enrol(mesh, who) : who;
  const awaited = new Map<number, PromiseWithResolvers<Outcome>>();
  const accepted = new Set<string>();
  let desired: DesiredState | undefined;
  let reports = 0;
  let isClosed = false;

  const hear = async (
    message: NonNullable<ConnectResponse['message']>,
    reply: AgentStream['send'],
  ): Promise<void> => {
    if (message.$case === 'desiredState') {
      desired = message.value;
      // It holds only attempts that the mesh sent on this stream.
      if (desired.adopt) {
        const { workloadId, epoch } = desired;
        await reply({ $case: 'held', value: { workloadId, epoch, attempts: [] } });
      }
    } else if (message.$case === 'outcomes') {
      for (const outcome of message.value.outcomes) {
        awaited.get(outcome.reportId)?.resolve(outcome);
        awaited.delete(outcome.reportId);
      }
    }
    ring();
  };
  const hello = helloOf({ agentVersion: 'by hand', slots, capability: capabilityOf({ engines }) });
  const to = { target: mesh.endpoints.user, token: enrolled.token };
  const { welcome, send, goodbye, ended, close } = await openAgentStream(to, hello, hear);
  const { connectionId } = welcome;
  void ended.finally(() => {
    isClosed = true;
    for (const { reject } of awaited.values()) {
      reject(new Error('the stream ended before the outcome'));
    }
  });
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
    const sha256 = noopSha256(workload, attempt.task);
    const body = completedBody({ sha256, ...different });
    const outcome = await report({
      workloadId: workload,
      attempt,
      body,
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
    goodbye,
    ended,
    [Symbol.dispose]: () => {
      isClosed = true;
      told.delete(connectionId);
      ring();
      close();
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
