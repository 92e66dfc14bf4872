import { noWorkers, type Assigned } from './scheduling/workers.ts';
import { decide } from './decisions/decide.ts';
import type { Decision, Session } from './decisions/decision.ts';
import type { Entry, EntryKind } from './state/entries.ts';
import type { NoopSpec } from '../kinds/noop/noop.ts';
import type { RenderSpec } from '../kinds/render/render.ts';
import { begin, type WorkloadHeader } from './state/workload.ts';
import type { Input, Report } from './decisions/inputs.ts';
import { taskQueue } from './scheduling/order.ts';

export const header = (tasks: number, spec: Partial<NoopSpec> = {}): WorkloadHeader => ({
  id: 'w-1',
  customer: 'acme',
  spec: {
    kind: 'noop',
    tasks,
    durationMs: 0,
    resultBytes: 0,
    failingTasks: '',
    maxFailures: 3,
    maxLosses: 5,
    ...spec,
  },
  wanted: 10,
  createdAt: 0,
});

/** For specs: a session in which every decision is durable at once. */
export const play = (of: WorkloadHeader) => {
  const session: Session = {
    state: begin(of),
    workers: noWorkers(taskQueue(begin(of).graph.count, 'sequential')),
    planUsers: 100,
  };
  let n = 0;
  let now = 0;
  return {
    session,
    pass: (ms: number): void => {
      now += ms;
    },
    input: (input: Input): Decision => {
      n += 1;
      const decision = decide(session, input, { n, at: 1_000 }, now);
      session.state = { ...decision.state, position: n };
      return decision;
    },
    /** The attempts that a user holds now: attempt → task number. */
    held: (user: string): Map<string, number> =>
      new Map(
        [...(session.workers.byId.get(user)?.attempts ?? [])].map(([attempt, held]) => [
          attempt,
          held.ordinal,
        ]),
      ),
  };
};

export const user = (id: string, more: Partial<Assigned> = {}): Assigned => ({
  id,
  name: `name of ${id}`,
  connection: `c-${id}`,
  claim: 1,
  manager: 'i-1',
  slots: 1,
  memoryBytes: 2 ** 30,
  engines: [{ name: 'noop', version: '1' }],
  drain: 'no',
  ...more,
});

export const exchange = (
  users: Assigned[],
  more: Partial<Extract<Input, { kind: 'exchange' }>> = {},
): Input => ({
  kind: 'exchange',
  users,
  asked: new Map(users.map(({ connection, claim }) => [connection, claim])),
  entitled: 100,
  suitable: users.length,
  connected: users.length,
  ...more,
});

export const holdsNothing = (id: string): Input => ({
  kind: 'user-held',
  user: id,
  connection: `c-${id}`,
  held: [],
});

export const completed = (attempt: string, task: number, more: Partial<Report> = {}): Report => ({
  reportId: 1,
  task: `noop/${task}`,
  generation: 0,
  attempt,
  body: {
    kind: 'completed',
    seconds: 1,
    blob: '',
    sha256: '',
    sizeBytes: 0,
    pixelHash: '',
    notes: [],
  },
  ...more,
});

export const failed = (attempt: string, task: number): Report => ({
  reportId: 1,
  task: `noop/${task}`,
  generation: 0,
  attempt,
  body: {
    kind: 'failed',
    failureClass: 'RENDER_ERROR',
    reason: 'no light',
    seconds: 1,
    log: '',
    names: [],
  },
});

export const reports = (id: string, list: Report[]): Input => ({
  kind: 'reports',
  ticket: 1,
  user: id,
  userName: `name of ${id}`,
  reports: list,
});

export const renderHeader = (frames: string, spec: Partial<RenderSpec> = {}): WorkloadHeader => ({
  ...header(1),
  spec: {
    kind: 'render',
    frames,
    order: 'sequential',
    engine: '',
    samples: 0,
    scalePercent: 0,
    format: 'PNG',
    scene: '',
    allowMissing: false,
    frameTimeoutMs: 3_600_000,
    progressTimeoutMs: 600_000,
    maxFailures: 3,
    maxLosses: 5,
    ...spec,
  },
  file: {
    objectId: 'o-1',
    fileName: 'a.blend',
    blob: 'b',
    sha256: '',
    sizeBytes: 1,
    blenderVersion: '3.4',
  },
});

const attempt = { task: 'noop/1', generation: 0, attempt: '0-1', user: 'u1' };
const request = { requestId: 'r1', requestHash: 'h1' };

/** For specs: one entry of every kind. A new kind breaks the build here. */
export const everyEntry: { [K in EntryKind]: Extract<Entry, { kind: K }> } = {
  'taken-over': { kind: 'taken-over', owner: 'i-2' },
  started: { kind: 'started', version: '' },
  accepted: {
    kind: 'accepted',
    ...attempt,
    userName: 'one',
    seconds: 2.5,
    blob: 'results/w-1/noop/1/0-0-1.bin',
    sha256: 'ab'.repeat(32),
    sizeBytes: 7,
    pixelHash: '',
    notes: ['denoising off'],
  },
  duplicate: { kind: 'duplicate', ...attempt, userName: 'one', seconds: 3 },
  'attempt-failed': {
    kind: 'attempt-failed',
    ...attempt,
    task: 'noop/2',
    userName: 'one',
    failureClass: 'RENDER_ERROR',
    reason: 'no light',
    seconds: 1,
    log: 'logs/w-1/noop/2/0-0-2.log',
    names: [],
    memoryBytes: 2 ** 30,
  },
  'attempt-lost': { kind: 'attempt-lost', ...attempt, userName: 'one', seconds: 4, task: 'noop/2' },
  'task-failed': {
    kind: 'task-failed',
    task: 'noop/2',
    generation: 0,
    reason: 'RENDER_ERROR: no light',
  },
  'user-barred': {
    kind: 'user-barred',
    user: 'u2',
    reason: 'failed 3 tasks that others then completed',
  },
  paused: { kind: 'paused', reason: '6 of 9 tasks failed', request },
  resumed: { kind: 'resumed' },
  'wanted-set': { kind: 'wanted-set', wanted: 4, request: { requestId: 'r2', requestHash: 'h2' } },
  retried: { kind: 'retried', tasks: '1-2', request: { requestId: 'r4', requestHash: 'h4' } },
  'repair-wanted': { kind: 'repair-wanted', tasks: '1', reason: 'missing' },
  stopped: {
    kind: 'stopped',
    deleteResults: true,
    request: { requestId: 'r3', requestHash: 'h3' },
  },
  completed: { kind: 'completed' },
  failed: { kind: 'failed', reason: 'FRAMES_FAILED', message: '1 of 4 failed: 2' },
  closed: { kind: 'closed' },
};
