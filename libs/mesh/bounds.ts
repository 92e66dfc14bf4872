/** Most tasks of one workload. */
export const MAX_INDICES = 1_000_000;

/** Most nodes of one workload. Bounds how many tasks one failure can take with it. */
export const MAX_NODES = 16;

/** Most users that a workload may want, or that a plan may allow it. */
export const MAX_WANTED_USERS = 100_000;

/** Most workloads that a plan may let run at once. */
export const MAX_RUNNING_WORKLOADS = 1_000;

/** The highest weight of a plan. */
export const MAX_WEIGHT = 1_000;
