import type { Assigned } from './crew.ts';
import { emptyCrew } from './crew.ts';
import { decide, type Decision, type Session } from './decide.ts';
import type { NoopSpec, WorkloadHeader } from './header.ts';
import type { Input, Report } from './inputs.ts';
import { taskQueue } from './order.ts';
import { begin } from './workload.ts';

/** For specs: a noop workload of so many tasks. */
export const header = (tasks: number, spec: Partial<NoopSpec> = {}): WorkloadHeader => ({
  id: 'w-1',
  customer: 'acme',
  spec: { kind: 'noop', tasks, durationMs: 0, resultBytes: 0, failingTasks: '', maxFailures: 3, maxLosses: 5, ...spec },
  wanted: 10,
  createdAt: 0,
});

/** For specs: a session that goes from decision to decision as if each were durable at once. */
export const play = (of: WorkloadHeader) => {
  const session: Session = {
    state: begin(of),
    crew: emptyCrew(taskQueue(begin(of).tasks.indices.count, 'sequential')),
    planUsers: 100,
  };
  let n = 0;
  let now = 0;
  return {
    session,
    /** Lets time pass. */
    pass: (ms: number): void => {
      now += ms;
    },
    input: (input: Input): Decision => {
      n += 1;
      const decision = decide(session, input, { n, at: 1_000 }, now);
      session.state = { ...decision.state, position: n };
      return decision;
    },
    /** What a user holds now: attempt → task number. */
    held: (user: string): Map<string, number> =>
      new Map([...(session.crew.members.get(user)?.attempts ?? [])].map(([attempt, held]) => [attempt, held.ordinal])),
  };
};

/** For specs: a user that can do noop. */
export const user = (id: string, more: Partial<Assigned> = {}): Assigned => ({
  id,
  name: `name of ${id}`,
  connection: `c-${id}`,
  claim: 1,
  manager: 'i-1',
  slots: 1,
  engines: ['noop'],
  drain: 'no',
  ...more,
});

/** For specs: the matcher gives exactly these users. */
export const exchange = (users: Assigned[], more: Partial<Extract<Input, { kind: 'exchange' }>> = {}): Input => ({
  kind: 'exchange',
  users,
  asked: new Set(users.map(({ connection }) => connection)),
  entitled: 100,
  suitable: users.length,
  connected: users.length,
  ...more,
});

/** For specs: a user answers that it holds nothing. */
export const holdsNothing = (id: string): Input => ({ kind: 'user-held', user: id, connection: `c-${id}`, held: [] });

/** For specs: a good result of an attempt. */
export const completed = (attempt: string, task: number, more: Partial<Report> = {}): Report => ({
  reportId: 1,
  task: `noop/${task}`,
  generation: 0,
  attempt,
  body: { kind: 'completed', seconds: 1, blob: '', sha256: '', sizeBytes: 0, pixelHash: '', notes: [] },
  ...more,
});

/** For specs: a failed attempt. */
export const failed = (attempt: string, task: number): Report => ({
  reportId: 1,
  task: `noop/${task}`,
  generation: 0,
  attempt,
  body: { kind: 'failed', failureClass: 'RENDER_ERROR', reason: 'no light', seconds: 1, log: '', names: [] },
});

/** For specs: one user's reports. */
export const reports = (id: string, list: Report[]): Input => ({
  kind: 'reports',
  ticket: 1,
  user: id,
  userName: `name of ${id}`,
  reports: list,
});
