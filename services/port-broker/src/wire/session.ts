import { SessionEndReason, SessionState as ProtoState } from '#libs/contracts/port.ts';
import type { Caller } from '#libs/auth/index.ts';
import { requireText } from '#libs/mesh/index.ts';
import { cutPage, parsePage, type PageAsk } from '#libs/pages/index.ts';
import { isOver, type SessionEnd, type Session, type SessionState } from '../domain/session.ts';
import { sessionNotFound } from '../session/errors.ts';
import type { SessionManager } from '../session/session-manager.ts';
import { reaches } from '../rpc/callers.ts';

const STATES: Record<SessionState, ProtoState> = {
  starting: ProtoState.STARTING,
  ready: ProtoState.READY,
  restarting: ProtoState.RESTARTING,
  stopping: ProtoState.STOPPING,
  ended: ProtoState.ENDED,
};

const ENDS: Record<SessionEnd, SessionEndReason> = {
  stopped: SessionEndReason.STOPPED,
  idle: SessionEndReason.IDLE,
  failed: SessionEndReason.FAILED,
  lost: SessionEndReason.LOST,
  rebooted: SessionEndReason.REBOOTED,
};

/** The fields that sessions of every type have. */
export const aboutSession = (session: Session) => ({
  state: STATES[session.state],
  owner: session.owner,
  leaseId: session.leaseId,
  createTime: new Date(session.createdAtMs),
  readyTime: instant(session.readyAtMs),
  lastActivityTime: new Date(session.lastActivityMs),
  endTime: instant(session.endedAtMs),
  endReason: session.end === undefined ? SessionEndReason.UNSPECIFIED : ENDS[session.end],
  lastError: session.lastError,
  restarts: session.restarts,
});

const instant = (ms: number | undefined): Date | undefined =>
  ms === undefined ? undefined : new Date(ms);

/**
 * The session whose id came as `field`. Throws INVALID_FIELDS, and SESSION_NOT_FOUND, also if it is another customer's.
 */
export const findSession = <Spec>(
  manager: SessionManager<Spec>,
  caller: Caller | undefined,
  id: string,
  field = 'session_id',
): Session<Spec> => {
  const session = manager.get(requireText(field, id));
  if (session === undefined || !reaches(caller, session.owner)) {
    throw sessionNotFound(id);
  }
  return session;
};

/** A page of the sessions that a caller may see, the latest first. `question`: see `parsePage`. */
export const pageOfSessions = <Spec>(
  manager: Pick<SessionManager<Spec>, 'list'>,
  caller: Caller | undefined,
  request: PageAsk & { includeEnded: boolean },
  question: string,
): { page: Session<Spec>[]; nextPageToken: string } => {
  const { size, after } = parsePage(request, question, 2);
  const [createdAtMs = Infinity, id = ''] = after ?? [];
  const isBehind = (session: Session): boolean =>
    session.createdAtMs < Number(createdAtMs) ||
    (session.createdAtMs === Number(createdAtMs) && session.id > id);
  const found = manager
    .list()
    .filter(({ owner }) => reaches(caller, owner))
    .filter((session) => (request.includeEnded || !isOver(session)) && isBehind(session))
    .sort((one, other) => other.createdAtMs - one.createdAtMs || (one.id < other.id ? -1 : 1))
    .slice(0, size + 1);
  return cutPage(found, size, question, (last) => [String(last.createdAtMs), last.id]);
};
