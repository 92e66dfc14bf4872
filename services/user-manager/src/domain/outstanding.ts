import type { DesiredState, Report } from '#libs/contracts/agent.ts';

/** Which attempts of the latest desired state an agent still owes a final report. */
export interface Outstanding {
  readonly workload: string;
  readonly owed: Set<string>;
  /** Those of the latest state that were reported already: a state that was made before their report names them still. */
  readonly reported: Set<string>;
  /** How many of them the state before did not name. */
  readonly added: number;
}

export const nothingOwed = (): Outstanding => ({
  workload: '',
  owed: new Set(),
  reported: new Set(),
  added: 0,
});

/** After a desired state went to the agent. One that only asks what it holds (`adopt`) changes nothing. */
export const owe = (before: Outstanding, state: DesiredState): Outstanding => {
  if (state.adopt) {
    return { ...before, added: 0 };
  }
  const { workloadId: workload } = state;
  const same = before.workload === workload ? before : nothingOwed();
  const [owed, reported] = [new Set<string>(), new Set<string>()];
  let added = 0;
  for (const { attempt } of state.attempts) {
    const isReported = same.reported.has(attempt);
    (isReported ? reported : owed).add(attempt);
    added += isReported || same.owed.has(attempt) ? 0 : 1;
  }
  return { workload, owed, reported, added };
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
