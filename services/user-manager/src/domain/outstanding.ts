import type { DesiredState, Report } from '#libs/contracts/agent.ts';

/** Which attempts of the latest desired state an agent still owes a final report. */
interface Outstanding {
  readonly workload: string;
  readonly owed: Set<string>;
  /** Those of the latest state that were reported already: a state that was made before their report names them still. */
  readonly reported: Set<string>;
}

export const nothingOwed = (): Outstanding => ({
  workload: '',
  owed: new Set(),
  reported: new Set(),
});

/** After a desired state went to the agent. One that only asks what it holds (`adopt`) changes nothing. */
export const owe = (before: Outstanding, state: DesiredState): Outstanding => {
  if (state.adopt) {
    return before;
  }
  const after: Outstanding = { workload: state.workloadId, owed: new Set(), reported: new Set() };
  for (const { attempt } of state.attempts) {
    const isReported = before.workload === state.workloadId && before.reported.has(attempt);
    (isReported ? after.reported : after.owed).add(attempt);
  }
  return after;
};

/** In place, because this runs for every result of the mesh. Answers whether the last owed report was among these. */
export const takeReports = (
  { workload, owed, reported }: Outstanding,
  reports: readonly Report[],
): boolean => {
  if (owed.size === 0) {
    return false;
  }
  for (const { workloadId, attempt, body } of reports) {
    if (
      body?.$case !== 'started' &&
      workloadId === workload &&
      attempt !== undefined &&
      owed.delete(attempt.attempt)
    ) {
      reported.add(attempt.attempt);
    }
  }
  return owed.size === 0;
};
