import type {
  Customer,
  Plan,
  Result,
  Workload,
  WatchWorkloadResponse,
} from '#libs/contracts/session.ts';
import type { NoopSpec, RenderSpec } from '#libs/contracts/common.ts';
import { isDomainError } from '#libs/errors/index.ts';
import type { Clients } from './clients.ts';

export interface StartOptions {
  objectId?: string;
  wantedUsers?: number;
  /** Whether it waits if the plan is full. */
  queue?: boolean;
}

/** Starts a workload and returns its id. */
export const start = async (
  { workloads }: Clients,
  spec: { noop: NoopSpec } | { render: RenderSpec },
  { objectId = '', wantedUsers, queue = false }: StartOptions = {},
): Promise<string> => {
  const kind =
    'noop' in spec
      ? ({ $case: 'noop', value: spec.noop } as const)
      : ({ $case: 'render', value: spec.render } as const);
  const request = { objectId, spec: kind, requestId: '', customerId: '', queue };
  const { workload } = await workloads.startWorkload(
    wantedUsers === undefined ? request : { ...request, wantedUsers },
  );
  if (workload === undefined) {
    throw new Error('a start without a workload');
  }
  return workload.workloadId;
};

/** A customer whose plan has defaults for everything that is not given. */
export const customerOf = (customerId: string, plan: Partial<Plan>): Customer => ({
  customerId,
  displayName: '',
  plan: { runningWorkloads: 0, users: 0, weight: 0, ...plan },
  createTime: undefined,
  updateTime: undefined,
});

/** The fields with which requests name a workload. */
export const named = (workloadId: string): { workloadId: string; customerId: string } => ({
  workloadId,
  customerId: '',
});

/** All accepted results. */
export const resultsOf = async ({ workloads }: Clients, workloadId: string): Promise<Result[]> => {
  const all: Result[] = [];
  let pageToken = '';
  do {
    const page = await workloads.listResults({
      ...named(workloadId),
      afterRevision: 0,
      pageSize: 1_000,
      pageToken,
    });
    all.push(...page.results);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
};

/** Every shown state of a workload until it has ended, even if services restart meanwhile. */
export async function* watch(
  { workloads }: Clients,
  workloadId: string,
): AsyncGenerator<WatchWorkloadResponse> {
  let revision = -1;
  for (;;) {
    try {
      for await (const message of workloads.watchWorkload({ workloadId, customerId: '' })) {
        if (message.revision < revision) {
          throw new Error(`revision went back from ${revision} to ${message.revision}`);
        }
        revision = message.revision;
        yield message;
        if (hasEnded(message.workload)) {
          return;
        }
      }
    } catch (thrown) {
      if (
        !isDomainError(thrown) ||
        !['UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE'].includes(thrown.reason)
      ) {
        throw thrown;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const ENDS = ['WORKLOAD_STATE_COMPLETED', 'WORKLOAD_STATE_FAILED', 'WORKLOAD_STATE_STOPPED'];

export const hasEnded = (workload: Workload | undefined): boolean =>
  ENDS.includes(workload?.state ?? '');

/** The first state for which the condition holds, or the last state if the workload ends before. */
export const until = async (
  clients: Clients,
  workloadId: string,
  condition: (message: WatchWorkloadResponse) => boolean,
): Promise<WatchWorkloadResponse> => {
  let last: WatchWorkloadResponse | undefined;
  for await (const message of watch(clients, workloadId)) {
    last = message;
    if (condition(message)) {
      break;
    }
  }
  if (last === undefined) {
    throw new Error('a watch without a state');
  }
  return last;
};

/** Resolves with the final state of a workload. */
export const ended = async (clients: Clients, workloadId: string): Promise<Workload> => {
  const { workload } = await until(clients, workloadId, () => false);
  if (workload === undefined) {
    throw new Error('a state without a workload');
  }
  return workload;
};
