/** The bound of `hello.held`. An agent that names so many may have more, which it could not name. */
export const MAX_WORKLOADS_HELD = 1_000;
/** Further ones, oldest forgotten first: more than an agent has undecided results of. */
const MAX_WORKLOADS = 10_000;
/** Answers to one workload's `adopt` that may be on their way. */
const MAX_ASKED = 10;

/** The workloads that one stream may speak of: those that its agent was given, and those that its hello named. */
export type Scope = ReturnType<typeof createScope>;

interface ScopeOptions {
  /** The workloads of `hello.held`. */
  named: readonly string[];
  /** The workload that the agent served when it connected. */
  session: string | null;
}

export const createScope = ({ named, session }: ScopeOptions) => {
  // The value is how often it was asked what it holds of the workload, and has not said.
  const known = new Map<string, number>(named.map((workload) => [workload, 0]));
  const isHelloFull = named.length >= MAX_WORKLOADS_HELD;
  const unknown = new Set<string>();
  let latest = '';

  const add = (workload: string, asked: number): void => {
    known.delete(workload);
    known.set(workload, asked);
    if (known.size > MAX_WORKLOADS_HELD + MAX_WORKLOADS) {
      const [oldest = ''] = known.keys();
      known.delete(oldest);
      unknown.delete(oldest);
    }
  };
  const give = (workload: string, isAsked: boolean): void => {
    latest = workload;
    unknown.delete(workload);
    add(workload, Math.min(MAX_ASKED, (known.get(workload) ?? 0) + (isAsked ? 1 : 0)));
  };
  if (session !== null) {
    give(session, false);
  }

  return {
    /** A session told the agent to work on a workload, or asked what it holds of it. */
    give,
    /** Whether the agent may report attempts at a workload. */
    mayReport(workload: string): boolean {
      if (known.has(workload)) {
        return true;
      }
      const hasRoom = isHelloFull && known.size < MAX_WORKLOADS_HELD + MAX_WORKLOADS;
      if (hasRoom) {
        add(workload, 0);
      }
      return hasRoom;
    },
    /** Whether the agent was asked what it holds of a workload. It may answer once. */
    takeAnswer(workload: string): boolean {
      const asked = known.get(workload) ?? 0;
      if (asked > 0) {
        known.set(workload, asked - 1);
      }
      return asked > 0;
    },
    /** Whether it is the workload that the agent was given last. */
    isServed: (workload: string): boolean => workload === latest,
    /** Nobody knows the workload, which only the hello named. */
    noteUnknown: (workload: string): void => void (known.has(workload) && unknown.add(workload)),
    isUnknown: (workload: string): boolean => unknown.has(workload),
  };
};
