/** What this manager answers for one of its users, and the matcher for all. */
export type ManagerVerb = 'start-rendering' | 'stop-work' | 'end-stream';
export type MatcherVerb =
  'more-users' | 'update-user-count' | 'remove-users-demand-completely' | 'users-released' | 'list-demands';
/** What a session is told. */
export type SessionVerb =
  'new-users' | 'user-frame-rendered' | 'user-rendering-completed' | 'user-disconnected' | 'user-held';

/** Where the subjects are made; the ids in them are checked where they come in. */
export const managerSubject = (manager: string, verb: ManagerVerb): string => `muster.user.v1.${manager}.${verb}`;
export const matcherSubject = (verb: MatcherVerb): string => `muster.user.v1.matcher.${verb}`;
export const sessionSubject = (workload: string, verb: SessionVerb): string => `muster.session.v1.${workload}.${verb}`;
/** Reports for a workload that nobody owns. */
export const anyReportSubject = 'muster.session.v1.any.report';
export const userChangedSubject = 'muster.user.v1.all.user-changed';
