import { canServe, isAtLeast, isEnough, meets, type EngineNeeds } from '#libs/engines/index.ts';
import { kindOf } from '../../kinds/kinds.ts';
import type { Session } from '../decisions/decision.ts';
import type { Workers, Worker } from './workers.ts';
import { hasEnded, outerCountsOf, type WorkloadState } from '../state/workload.ts';

/** The engine that the machines of a workload need now. */
export const engineNeeds = (
  state: Pick<WorkloadState, 'header' | 'engine' | 'version'>,
): EngineNeeds => {
  const { spec, file } = state.header;
  return kindOf(spec).engineNeeds(spec, file, state);
};

/** The users that get no work: those that are barred, and those that wait until another has tried what they say of the input. */
export const excludedUsers = ({
  barred,
  suspicions,
}: Pick<WorkloadState, 'barred' | 'suspicions'>): string[] => [
  ...barred.keys(),
  ...suspicions.map(({ user }) => user),
];

/** Whether a user waits until another has tried what it says of the input. */
export const isSuspicious = (
  { suspicions }: Pick<WorkloadState, 'suspicions'>,
  { id }: Pick<Worker, 'id'>,
): boolean => suspicions.some(({ user }) => user === id);

/** Whether a worker may serve: it is not excluded, and its machine has an engine that the workload needs. */
export const isFit = (
  state: Pick<WorkloadState, 'header' | 'engine' | 'version' | 'barred' | 'suspicions'>,
  worker: Pick<Worker, 'id' | 'engines'>,
): boolean =>
  !state.barred.has(worker.id) &&
  !isSuspicious(state, worker) &&
  canServe(worker.engines, engineNeeds(state));

/** The memory that a task may use on a worker: of its largest graphics card, if the workload needs one. 0: not known. */
export const taskMemoryOf = (
  state: Pick<WorkloadState, 'header' | 'engine' | 'version'>,
  { engines, memoryBytes }: Pick<Worker, 'engines' | 'memoryBytes'>,
): number => {
  const needs = engineNeeds(state);
  if (!needs.device) {
    return memoryBytes;
  }
  const devices = engines.filter((each) => meets(each, needs)).flatMap((each) => each.devices);
  const fit = devices.filter((device) => isEnough(device, needs));
  return Math.max(0, ...fit.map((device) => device.memoryBytes));
};

/** Whether nobody who could serve is connected, as far as the matcher said and the session knows. */
export const isNobodyFit = ({ state, workers }: Pick<Session, 'state' | 'workers'>): boolean =>
  workers.suitable === 0 && !workers.byId.values().some((worker) => isFit(state, worker));

/** So long nobody with the version must be there, before it is chosen anew. */
export const VERSION_PATIENCE_MS = 30_000;

/** Whether all results must have a version that none has yet. The first hand-out chose it by the word of a machine. */
export const isVersionUnproven = (state: WorkloadState): boolean =>
  state.version !== '' && !hasEnded(state) && outerCountsOf(state).completed === 0;

/**
 * The engine version that most users of a new workload have, of several the earliest, because it is the closest to that of the
 * input. Empty if its results may come from different versions.
 */
export const versionToBegin = (state: WorkloadState, { byId }: Workers): string => {
  if (!kindOf(state.header.spec).keepsOneVersion) {
    return '';
  }
  const needs = engineNeeds(state);
  const counts = new Map<string, number>();
  for (const worker of byId.values()) {
    if (worker.phase === 'leaving' || state.barred.has(worker.id)) {
      continue;
    }
    const versions = new Set(
      worker.engines.filter((each) => meets(each, needs)).map(({ version }) => version),
    );
    for (const version of versions) {
      counts.set(version, (counts.get(version) ?? 0) + 1);
    }
  }
  const [best] = [...counts].sort(([a, ofA], [b, ofB]) => ofB - ofA || (isAtLeast(a, b) ? 1 : -1));
  return best?.[0] ?? '';
};
