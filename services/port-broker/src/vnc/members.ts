import { diskRefuses } from '../leases/errors.ts';
import { createHistory, isOver, newSession, type SessionEnd } from '../domain/session.ts';
import { recorder } from '../events.ts';
import { sessionNotFound } from '../session/errors.ts';
import type { SessionManagerOptions } from '../session/session-manager.ts';
import type { Tokens } from './tokens.ts';
import type { VncSession } from './websockify.ts';

interface MembersOptions extends Pick<
  SessionManagerOptions,
  'store' | 'clock' | 'random' | 'events' | 'failpoint'
> {
  tokens: Tokens;
  /** Makes sure that the gateway runs and leads to the session's machine. If it throws, the session does not start. */
  started: (session: VncSession) => Promise<void>;
  /** Ends the connections that the gateway carries for a session. */
  hangUp: (session: string) => Promise<void>;
}

interface Member {
  session: VncSession;
  begun: Promise<unknown>;
}

const TYPE = 'vnc-member';

/**
 * The sessions through the gateway, also those of an earlier process. They have no programs and no ports, only tokens.
 */
export const openMembers = (options: MembersOptions) => {
  const { store, tokens, clock, random, events, failpoint, started, hangUp } = options;
  const members = new Map<string, Member>();
  /** The ids of living sessions, by machine. */
  const byVm = new Map<string, string>();
  const done = Promise.resolve();
  const record = recorder(events);

  const keep = async (session: VncSession): Promise<void> => {
    const member = members.get(session.id);
    if (member !== undefined) {
      member.session = session;
    }
    await store.putSoon(session).catch((thrown: unknown) => {
      throw diskRefuses(thrown);
    });
    failpoint(`${TYPE}-${session.state}`);
    events.sessionChanged(session);
  };
  const enter = (session: VncSession): Member => {
    const member: Member = { session, begun: done };
    members.set(session.id, member);
    if (!isOver(session)) {
      byVm.set(session.spec.vm, session.id);
    }
    return member;
  };
  const leave = ({ id, spec }: VncSession): void => {
    if (byVm.get(spec.vm) === id) {
      byVm.delete(spec.vm);
    }
  };
  const drop = (id: string): void => {
    members.delete(id);
    record(() => store.drop([id]));
  };
  const get = (id: string): VncSession | undefined => members.get(id)?.session;
  const current = (id: string): VncSession => {
    const member = members.get(id);
    if (member === undefined) {
      throw sessionNotFound(id);
    }
    return member.session;
  };

  const begin = async (session: VncSession): Promise<void> => {
    try {
      await keep(session);
      await tokens.lead(session.id, session.spec.address, session.spec.targetPort);
      await started(session);
      await keep({ ...current(session.id), state: 'ready', readyAtMs: clock.now() });
    } catch (thrown) {
      await tokens.revoke(session.id);
      leave(session);
      drop(session.id);
      throw thrown;
    }
  };
  const kept = store.load().sessions as VncSession[];
  for (const session of kept.filter(({ type }) => type === TYPE)) {
    if (isOver(session) || session.state === 'ready') {
      enter(session);
      continue;
    }
    // This session was never ready, so its caller never heard of it.
    const end = session.end ?? 'failed';
    store.put(enter({ ...session, state: 'ended', end, endedAtMs: clock.now() }).session);
  }
  const history = createHistory([...members.values()].map(({ session }) => session));

  return {
    /** The caller must have seen that the machine has no session, and must not have awaited anything since. */
    start: async ({ owner, spec }: Pick<VncSession, 'owner' | 'spec'>): Promise<VncSession> => {
      const about = { key: `vm ${spec.vm}`, owner, spec };
      const session = newSession(TYPE, random.id('vnc'), about, clock.now());
      const member = enter(session);
      member.begun = begin(session);
      await member.begun;
      return current(session.id);
    },
    /** Resolves or rejects when the start of a session does. */
    begun: (id: string): Promise<unknown> => members.get(id)?.begun ?? done,
    stop: async (id: string, end: SessionEnd): Promise<VncSession> => {
      await members.get(id)?.begun.catch(() => undefined);
      const session = current(id);
      if (isOver(session)) {
        return session;
      }
      await keep({ ...session, state: 'stopping', end });
      await tokens.revoke(id);
      await hangUp(id);
      if (isOver(current(id))) {
        return current(id);
      }
      leave(session);
      for (const forgotten of history.add(id)) {
        drop(forgotten);
      }
      await keep({ ...current(id), state: 'ended', endedAtMs: clock.now() });
      return current(id);
    },
    list: (): VncSession[] => [...members.values()].map(({ session }) => session),
    get,
    /** The living session of a machine. */
    ofVm: (vm: string): VncSession | undefined => get(byVm.get(vm) ?? ''),
    note: (id: string, change: Partial<Pick<VncSession, 'lastActivityMs' | 'spec'>>): void => {
      const member = members.get(id);
      if (member !== undefined) {
        member.session = { ...member.session, ...change };
      }
    },
  };
};
