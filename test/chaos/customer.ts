import { isDomainError, status } from '#libs/errors/index.ts';
import type { Random } from '#libs/random/index.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeCondition } from '#libs/contracts/common.ts';
import { noopSpec } from '#libs/testing/index.ts';
import type { Clients } from '../harness/clients.ts';
import { watch } from '../harness/work.ts';
import { randomSteps } from '../simulation/steps.ts';
import type { History } from './history.ts';

const UNKNOWN: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
]);
const DEADLINE_MS = 5_000;

let watches = 0;

/** A customer that always has a workload, watches it, and sometimes sends it a command. */
export const createCustomer = (clients: Clients, random: Random, history: History) => {
  const { workloads } = clients;
  const watching = new Map<string, Promise<void>>();
  let isCalm = false;
  const below = (n: number): number => Math.floor(random.float() * n);

  const ask = async <T>(
    what: string,
    workload: string,
    requestId: string,
    call: () => Promise<T>,
  ): Promise<T | undefined> => {
    const tell = (event: 'invoked' | 'ok' | 'failed' | 'unknown'): void =>
      history.add({ event, at: performance.now(), what, workload, requestId });
    tell('invoked');
    try {
      const answer = await call();
      tell('ok');
      return answer;
    } catch (thrown) {
      tell(isDomainError(thrown) && !UNKNOWN.has(thrown.code) ? 'failed' : 'unknown');
      return undefined;
    }
  };

  /** Repeats a request until it is answered. This is safe, because a request with an unknown outcome may be repeated. */
  const start = async (): Promise<string | undefined> => {
    const tasks = 40 + below(120);
    const nodes = randomSteps(below, tasks)?.map(({ after, ...step }) => ({
      ...step,
      after: after.map(({ node, on }) => ({
        node,
        on: on === 'end' ? EdgeCondition.END : EdgeCondition.SUCCESS,
      })),
    }));
    const work = nodes === undefined ? { tasks } : { tasks: 0, nodes };
    const spec = {
      $case: 'noop' as const,
      value: noopSpec({
        ...work,
        durationMs: 5 + below(45),
        resultBytes: below(3) === 0 ? 200 : 0,
      }),
    };
    const queue = below(2) === 0;
    const request = { objectId: '', spec, requestId: random.id('r'), customerId: '', queue };
    const answer = await ask('start', '', request.requestId, () =>
      workloads.startWorkload(request, { deadlineMs: DEADLINE_MS }),
    );
    return answer?.workload?.workloadId;
  };

  const command = async (workloadId: string): Promise<void> => {
    const requestId = random.id('r');
    const target = { workloadId, customerId: '', requestId };
    const options = { deadlineMs: DEADLINE_MS };
    switch (below(8)) {
      case 0:
        await ask('pause', workloadId, requestId, () => workloads.pauseWorkload(target, options));
        return;
      case 1:
      case 2:
        await ask('resume', workloadId, requestId, () => workloads.resumeWorkload(target, options));
        return;
      case 3:
      case 4:
        await ask('set-wanted', workloadId, requestId, () =>
          workloads.setUserCount({ ...target, wanted: below(5) }, options),
        );
        return;
      case 5:
        await ask('stop', workloadId, requestId, () =>
          workloads.stopAndDeleteWorkload({ ...target, deleteResults: false }, options),
        );
        return;
      default:
        await ask('retry', workloadId, requestId, () =>
          // One of them names tasks that the workload has, whether it has one node or several.
          workloads.retryTasks(
            { ...target, frames: below(2) === 0 ? '0-3' : 'step-0/0-3' },
            options,
          ),
        );
    }
  };

  /** Watches a workload until it has ended, and watches again if the watch breaks. */
  const follow = async (id: string): Promise<void> => {
    for (;;) {
      watches += 1;
      const number = watches;
      try {
        for await (const { workload } of watch(clients, id)) {
          if (workload !== undefined) {
            history.add({ event: 'shown', at: performance.now(), watch: number, workload });
          }
        }
        return;
      } catch (thrown) {
        if (!isDomainError(thrown)) {
          throw thrown;
        }
        await sleep(100);
      }
    }
  };

  const stateOf = async (): Promise<{ id: string; isOver: boolean; isPaused: boolean }[]> => {
    const page = { customerId: '', states: [], pageSize: 1_000, pageToken: '' };
    const answer = await workloads.listWorkloads(page, { deadlineMs: DEADLINE_MS });
    return answer.workloads.map(({ workloadId: id, state }) => {
      if (!watching.has(id)) {
        watching.set(id, follow(id));
      }
      return {
        id,
        isOver: [
          'WORKLOAD_STATE_COMPLETED',
          'WORKLOAD_STATE_FAILED',
          'WORKLOAD_STATE_STOPPED',
        ].includes(state),
        isPaused: state === 'WORKLOAD_STATE_PAUSED',
      };
    });
  };

  const run = async (): Promise<void> => {
    for (;;) {
      const all = await stateOf().catch(() => undefined);
      const running = all?.filter(({ isOver }) => !isOver) ?? [];
      if (all !== undefined && isCalm && running.length === 0) {
        return void (await Promise.all(watching.values()));
      }
      if (isCalm) {
        for (const { id, isPaused } of running) {
          const target = { workloadId: id, customerId: '', requestId: '' };
          const options = { deadlineMs: DEADLINE_MS };
          if (isPaused) {
            await workloads.resumeWorkload(target, options).catch(() => undefined);
          }
          await workloads.setUserCount({ ...target, wanted: 8 }, options).catch(() => undefined);
        }
      } else if (all !== undefined) {
        const [current] = running;
        if (current === undefined) {
          await start();
        } else {
          await command(below(5) === 0 ? (all[below(all.length)]?.id ?? current.id) : current.id);
        }
      }
      await sleep(isCalm ? 300 : 200 + below(900));
    }
  };

  return {
    /** Starts and commands no more, and lets all of its workloads run to their end. */
    calm: (): void => {
      isCalm = true;
    },
    /** Resolves when all of its workloads have ended. Rejects if a watch went back. */
    done: run(),
  };
};
