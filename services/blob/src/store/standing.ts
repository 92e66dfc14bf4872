import type { Clock } from '#libs/clock/index.ts';
import { MachineStanding, MachineStandingReply } from '#libs/contracts/user.ts';
import { WorkloadStanding, WorkloadStandingReply } from '#libs/contracts/session.ts';
import { MACHINE_STANDING_SUBJECT, WORKLOAD_STANDING_SUBJECT } from '#libs/mesh/index.ts';
import type { Bus } from '#libs/nats/index.ts';
import type { Logger } from '#libs/telemetry/index.ts';
import { machineUnknown, workloadOver } from '../domain/errors.ts';

/** How old an answer may be. So long a token stores after the end of its workload, and a machine reads after its deletion. */
export const MAX_AGE_MS = 10_000;
const MAX_KEPT = 10_000;
const ANSWER_MS = 1_000;

export type Standing = ReturnType<typeof createStanding>;

interface StandingOptions {
  bus: Pick<Bus, 'request'>;
  clock: Pick<Clock, 'monotonic'>;
  log: Logger;
}

/**
 * Asks session-supervisors and user-managers whether workloads and machines still stand. If nobody answers, they do: results of
 * agents have to be kept while parts of the mesh are away, nobody accepts them without these parts, and the sweep removes the rest.
 */
export const createStanding = ({ bus, clock, log }: StandingOptions) => {
  const ask = async (subject: string, bytes: Uint8Array): Promise<Uint8Array | undefined> => {
    try {
      return await bus.request(subject, bytes, { timeoutMs: ANSWER_MS });
    } catch (err) {
      log.warn({ err, subject }, 'nobody says what still stands, so it does');
      return undefined;
    }
  };
  const ofWorkload = keeping(clock, async (key) => {
    const [workloadId = '', node = ''] = key.split(' ');
    const asked = WorkloadStanding.encode({ workloadId, node }).finish();
    const answer = await ask(WORKLOAD_STANDING_SUBJECT, asked);
    if (answer === undefined) {
      return undefined;
    }
    const { takesResults, extensions } = WorkloadStandingReply.decode(answer);
    if (!takesResults) {
      throw workloadOver(workloadId);
    }
    return extensions;
  });
  const ofMachine = keeping(clock, async (machineId) => {
    const answer = await ask(
      MACHINE_STANDING_SUBJECT,
      MachineStanding.encode({ machineId }).finish(),
    );
    if (answer !== undefined && !MachineStandingReply.decode(answer).isEnrolled) {
      throw machineUnknown(machineId);
    }
  });
  return {
    /**
     * The extensions that results of this node have; undefined if nobody says. Rejects with FAILED_PRECONDITION `WORKLOAD_OVER` if
     * no result of the workload can be accepted any more.
     */
    workload: (id: string, node: string): Promise<readonly string[] | undefined> =>
      ofWorkload(`${id} ${node}`),
    /** Rejects with PERMISSION_DENIED `MACHINE_UNKNOWN` if it is not enrolled. Callers that are no machines stand. */
    machine: async (id: string | undefined): Promise<void> =>
      id === undefined ? undefined : ofMachine(id),
  };
};

/** Keeps answers for a while. It never keeps a refusal, because a workload may be opened again. */
const keeping = <T>(clock: Pick<Clock, 'monotonic'>, ask: (key: string) => Promise<T>) => {
  const kept = new Map<string, { answer: Promise<T>; untilMs: number }>();
  return (key: string): Promise<T> => {
    const known = kept.get(key);
    if (known !== undefined && clock.monotonic() < known.untilMs) {
      return known.answer;
    }
    const fresh = { answer: ask(key), untilMs: clock.monotonic() + MAX_AGE_MS };
    kept.delete(key);
    kept.set(key, fresh);
    fresh.answer.catch(() => kept.get(key) === fresh && kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT && oldest !== undefined) {
      kept.delete(oldest);
    }
    return fresh.answer;
  };
};
