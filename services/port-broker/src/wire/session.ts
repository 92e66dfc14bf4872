import { SessionEndReason, SessionState as ProtoState } from '#libs/contracts/port.ts';
import type { Caller } from '#libs/auth/index.ts';
import type { SessionEnd, Session, SessionState } from '../domain/session.ts';
import { sessionNotFound } from '../session/errors.ts';
import type { SessionManager } from '../session/session-manager.ts';
import { reach } from '../rpc/callers.ts';

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

/** What all kinds of sessions tell. */
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

/** Throws SESSION_NOT_FOUND, also for another customer's. */
export const findSession = <Spec>(
  manager: SessionManager<Spec>,
  caller: Caller | undefined,
  id: string,
): Session<Spec> => {
  const session = manager.get(id);
  const owner = reach(caller);
  if (session === undefined || (owner !== undefined && session.owner !== owner)) {
    throw sessionNotFound(id);
  }
  return session;
};

/** The sessions that a caller may see, the latest first. */
export const visibleSessions = <Spec>(
  manager: Pick<SessionManager<Spec>, 'list'>,
  caller: Caller | undefined,
  includeEnded: boolean,
): Session<Spec>[] => {
  const owner = reach(caller);
  return manager
    .list()
    .filter(
      (session) =>
        (owner === undefined || session.owner === owner) &&
        (includeEnded || session.state !== 'ended'),
    )
    .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1));
};

/** Whether a session comes behind the one that a page ended with. */
export const isBehind = (session: Session, [createdAtMs, id = '']: readonly string[]): boolean =>
  session.createdAtMs < Number(createdAtMs) ||
  (session.createdAtMs === Number(createdAtMs) && session.id > id);

/** What a page token says of a session. */
export const positionOf = (session: Session): string[] => [String(session.createdAtMs), session.id];
