import {
  SessionState,
  type VncSession as VncSessionMessage,
  type VncStats,
} from '#libs/contracts/port.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import type { Context } from '../context.ts';
import { sessionNotFound } from '../session/errors.ts';
import { isMember } from '../vnc/consoles.ts';
import type { VncSession } from '../vnc/websockify.ts';
import { aboutSession } from './session.ts';

export const consoleToProto = (
  ctx: Pick<Context, 'clock' | 'consoles' | 'hosts' | 'publicHost'>,
  session: VncSession,
): VncSessionMessage => {
  const { id, spec, state } = session;
  const way = ctx.consoles.way(session, ctx.publicHost);
  const { viewers, sentBytes, receivedBytes } = ctx.consoles.viewers.seen(id);
  return {
    ...aboutSession(session),
    ...(isUnreachable(session) ? { state: SessionState.UNREACHABLE } : {}),
    sessionId: id,
    hostName: ctx.hosts.own,
    vm: spec.vm,
    target: spec.target,
    url: way?.url ?? '',
    urlExpireTime: way?.forMs === undefined ? undefined : new Date(ctx.clock.now() + way.forMs),
    port: way?.port ?? session.port,
    host: ctx.publicHost,
    gateway: isMember(session),
    pid: way?.pid ?? 0,
    viewers: state === 'ended' ? 0 : viewers,
    sentBytes,
    receivedBytes,
  };
};

/** The totals of the living sessions. */
export const statsOf = (
  { consoles }: Pick<Context, 'consoles'>,
  all: readonly VncSession[],
): VncStats => {
  const living = all.filter(({ state }) => state !== 'ended');
  const seen = living.map(({ id }) => consoles.viewers.seen(id));
  const sum = (of: (each: (typeof seen)[number]) => number): number =>
    seen.reduce((total, each) => total + of(each), 0);
  return {
    sessions: living.length,
    gatewaySessions: living.filter(isMember).length,
    unreachable: living.filter(isUnreachable).length,
    viewers: sum(({ viewers }) => viewers),
    sentBytes: sum(({ sentBytes }) => sentBytes),
    receivedBytes: sum(({ receivedBytes }) => receivedBytes),
  };
};

/** The totals of two hosts together. */
export const sumOf = (
  one: VncStats | undefined,
  other: VncStats | undefined,
): VncStats | undefined =>
  one === undefined || other === undefined
    ? (one ?? other)
    : {
        sessions: one.sessions + other.sessions,
        gatewaySessions: one.gatewaySessions + other.gatewaySessions,
        unreachable: one.unreachable + other.unreachable,
        viewers: one.viewers + other.viewers,
        sentBytes: one.sentBytes + other.sentBytes,
        receivedBytes: one.receivedBytes + other.receivedBytes,
      };

/**
 * The session with the id, or the living session of the machine. Throws SESSION_NOT_FOUND, or INVALID_FIELDS if neither
 * is given.
 */
export const findConsole = (
  { consoles }: Pick<Context, 'consoles'>,
  { sessionId, vm }: { sessionId: string; vm: string },
): VncSession => {
  const wrong = collectViolations();
  const isNamed = sessionId !== '' || vm !== '';
  wrong.require(isNamed, 'session_id', 'name a session, or a machine as `vm`');
  wrong.throwIfAny();
  const found = sessionId === '' ? consoles.ofVm(vm) : consoles.get(sessionId);
  if (found === undefined) {
    throw sessionNotFound(sessionId === '' ? `of ${vm}` : sessionId);
  }
  return found;
};

const isUnreachable = ({ state, spec }: VncSession): boolean =>
  state === 'ready' && !spec.isReachable;
