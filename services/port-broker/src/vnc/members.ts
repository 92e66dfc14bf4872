import type { Clock } from '#libs/clock/index.ts';
import type { Random } from '#libs/random/index.ts';
import { diskTakesNothing } from '../desk/errors.ts';
import { isOver, newSession, outdated, type SessionEnd } from '../domain/session.ts';
import type { Events } from '../events.ts';
import { sessionNotFound } from '../session/errors.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Tokens } from './tokens.ts';
import type { VncSession, VncSpec } from './websockify.ts';

export interface MembersOptions {
  store: SessionStore;
  tokens: Tokens;
  clock: Clock;
  random: Random;
  events: Events;
  failpoint: (step: string) => void;
  /** Sees to it that the gateway runs, and that a session can be reached through it. Throws where it is not to go on. */
  started: (session: VncSession) => Promise<void>;
  /** Ends what the gateway carries for a session. */
  hangUp: (session: string) => Promise<void>;
}

/** The sessions that go through the gateway: no programs and no ports of their own, but where their tokens lead. */
export interface Members {
  /** Must be called without a pause after it was seen that the machine has none. */
  start(wanted: { owner: string; spec: VncSpec }): Promise<VncSession>;
  /** The start of a session under way, or done. */
  begun(id: string): Promise<unknown>;
  stop(id: string, end: SessionEnd): Promise<VncSession>;
  list(): VncSession[];
  get(id: string): VncSession | undefined;
  note(id: string, change: Partial<Pick<VncSession, 'lastActivityMs' | 'spec'>>): void;
}

interface Member {
  session: VncSession;
  begun: Promise<unknown>;
}

const KIND = 'vnc-member';

/** Opens those that an earlier process left. */
export const openMembers = (options: MembersOptions): Members => {
  const { store, tokens, clock, random, events, failpoint, started, hangUp } = options;
  const members = new Map<string, Member>();
  const done = Promise.resolve();

  const keep = (session: VncSession): void => {
    const member = members.get(session.id);
    if (member !== undefined) member.session = session;
    try {
      store.put(session);
    } catch (thrown) {
      throw diskTakesNothing(thrown);
    }
    failpoint(`${KIND}-${session.state}`);
    events.sessionChanged(session);
  };
  const drop = (id: string): void => {
    members.delete(id);
    try {
      store.drop([id]);
    } catch (thrown) {
      events.diskFailed(thrown);
    }
  };
  const current = (id: string): VncSession => {
    const member = members.get(id);
    if (member === undefined) throw sessionNotFound(id);
    return member.session;
  };

  const begin = async (session: VncSession): Promise<void> => {
    try {
      keep(session);
      await tokens.lead(session.id, session.spec.address, session.spec.targetPort);
      await started(session);
      keep({ ...current(session.id), state: 'ready', readyAtMs: clock.now() });
    } catch (thrown) {
      await tokens.revoke(session.id);
      drop(session.id);
      throw thrown;
    }
  };
  const forgetOld = (): void => {
    for (const id of outdated([...members.values()].map(({ session }) => session))) drop(id);
  };

  for (const session of store.load().sessions as VncSession[]) {
    if (session.kind !== KIND) continue;
    // One that was not ready yet: its caller never heard of it.
    const isLeft = isOver(session) || session.state === 'ready';
    const opened: VncSession = isLeft
      ? session
      : { ...session, state: 'ended', end: session.end ?? 'failed', endedAtMs: clock.now() };
    members.set(session.id, { session: opened, begun: done });
    if (!isLeft) keep(opened);
  }

  return {
    start: async ({ owner, spec }) => {
      const session = newSession(KIND, random.id('vnc'), { key: `vm ${spec.vm}`, owner, spec }, clock.now());
      const member: Member = { session, begun: done };
      members.set(session.id, member);
      member.begun = begin(session);
      await member.begun;
      return current(session.id);
    },
    begun: (id) => members.get(id)?.begun ?? done,
    stop: async (id, end) => {
      await members.get(id)?.begun.catch(() => undefined);
      const session = current(id);
      if (isOver(session)) return session;
      keep({ ...session, state: 'stopping', end });
      await tokens.revoke(id);
      await hangUp(id);
      if (!isOver(current(id))) keep({ ...current(id), state: 'ended', endedAtMs: clock.now() });
      forgetOld();
      return current(id);
    },
    list: () => [...members.values()].map(({ session }) => session),
    get: (id) => members.get(id)?.session,
    note: (id, change) => {
      const member = members.get(id);
      if (member !== undefined) member.session = { ...member.session, ...change };
    },
  };
};
