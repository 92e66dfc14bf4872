/**
 * The subjects of the mesh: `muster.<area>.v1.<to whom>.<verb>` for requests and notices, one part more for facts. The
 * ids in them are checked where they come in.
 */

/** What a user-manager answers for one of its users. */
export type ManagerVerb = 'start-rendering' | 'stop-work' | 'end-stream';

/** What the matcher answers. */
export type MatcherVerb =
  | 'more-users'
  | 'update-user-count'
  | 'remove-users-demand-completely'
  | 'users-released'
  | 'machine-looked'
  | 'list-demands';

/** What the owner of a workload is told or asked; `appended` is what it tells everybody. */
export type SessionVerb =
  | 'new-users'
  | 'user-frame-rendered'
  | 'user-rendering-completed'
  | 'user-disconnected'
  | 'user-held'
  | 'user-progress'
  | 'command'
  | 'volatile'
  | 'appended';

export const managerSubject = (manager: string, verb: ManagerVerb | '*'): string =>
  `muster.user.v1.${manager}.${verb}`;
export const matcherSubject = (verb: MatcherVerb | '*'): string => `muster.user.v1.matcher.${verb}`;
export const sessionSubject = (workload: string, verb: SessionVerb | '*'): string =>
  `muster.session.v1.${workload}.${verb}`;
/** A fact of a workload's journal, by the kind of its entry. */
export const workloadFactSubject = (workload: string, kind: string): string =>
  `muster.session.v1.workload.${workload}.${kind}`;

/** Reports for a workload that nobody owns. */
export const ANY_REPORT_SUBJECT = 'muster.session.v1.any.report';
/** Whether a workload still takes results, for any supervisor to answer. */
export const WORKLOAD_STANDING_SUBJECT = 'muster.session.v1.any.workload-standing';
/** Whether a machine is still enrolled, for any user-manager to answer. */
export const MACHINE_STANDING_SUBJECT = 'muster.user.v1.any.machine-standing';
export const USER_CHANGED_SUBJECT = 'muster.user.v1.all.user-changed';
/** The stream of all facts. */
export const EVENTS_STREAM = 'MUSTER_EVENTS';
/** Every fact, and no request: those have one part less. */
export const FACT_SUBJECTS = 'muster.*.v1.*.*.*';
