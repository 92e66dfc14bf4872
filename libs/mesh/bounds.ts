/** Most tasks of one workload. */
export const MAX_INDICES = 1_000_000;

/** Most nodes of one workload. Bounds how many tasks one failure can take with it. */
export const MAX_NODES = 16;

/** Most users that a workload may want, or that a plan may allow it. */
export const MAX_WANTED_USERS = 100_000;

/** Most workloads that a plan may let run at once. */
export const MAX_RUNNING_WORKLOADS = 1_000;

/** Greatest number of workloads of a customer that may wait for approval, in any plan. */
export const MAX_PARKED_WORKLOADS = 100_000;

/** Most workloads of a customer that wait for a slot of the plan. */
export const MAX_QUEUED_WORKLOADS = 100;

/** The highest weight of a plan. */
export const MAX_WEIGHT = 1_000;

/** Most files of one project. */
export const MAX_PROJECT_FILES = 20_000;

/** Most characters of the paths of all files of one project together. */
export const MAX_PROJECT_PATH_CHARS = 3 * 1024 ** 2;

/** Most bytes of all files of one project together. */
export const MAX_PROJECT_BYTES = 256 * 1024 ** 3;

/** Most hashes that one `FindObjects` asks for. */
export const MAX_FIND_OBJECTS = 1_000;

/** Greatest number of files of one result or checkpoint. */
export const MAX_PARTS = 100_000;

/** Greatest number of them that one message carries. */
export const MAX_PARTS_PER_MESSAGE = 1_000;
