export type SessionState =
  /** Its programs are being started. */
  | 'starting'
  | 'ready'
  /** A program of it ended and is started again. */
  | 'restarting'
  | 'stopping'
  | 'ended';

export type SessionEnd =
  | 'stopped'
  /** Nobody used it. */
  | 'idle'
  /** Its program never came up. */
  | 'failed'
  /** Its program ended again and again. */
  | 'lost'
  /** The host has rebooted. */
  | 'rebooted';

/** Programs behind one leased port, for somebody. */
export interface Session<Spec = unknown> {
  id: string;
  /** `vnc-member`: a console that goes through the gateway, without a program of its own. */
  type: 'visualization' | 'vnc' | 'vnc-member' | 'compute';
  /** What it is for. A type has at most one living session for each key. */
  key: string;
  owner: string;
  /** Whether its owner is a customer, who has bounds. Sessions of earlier builds do not say. */
  isBound?: boolean;
  /** Empty until it has one. */
  leaseId: string;
  /** 0 until it has one. */
  port: number;
  spec: Spec;
  state: SessionState;
  /** Wall clock, for people; so are all times below. */
  createdAtMs: number;
  /** When it became ready last. */
  readyAtMs?: number;
  lastActivityMs: number;
  endedAtMs?: number;
  end?: SessionEnd;
  /** What went wrong last; empty for nothing. */
  lastError: string;
  /** How many times its program was started again. */
  restarts: number;
}

/** The record of a session's program. It is written before the program starts. */
export interface ProcessRecord {
  nonce: string;
  session: string;
  /** Which part of the session it is. */
  role: string;
  /** 0 until it has been started. */
  pid: number;
  startTicks: string;
}

/** A session that has only its id yet. `now`: wall clock. */
export const newSession = <Spec>(
  type: Session['type'],
  id: string,
  { key, owner, spec, isBound = false }: Pick<Session<Spec>, 'key' | 'owner' | 'spec' | 'isBound'>,
  now: number,
): Session<Spec> => ({
  id,
  type,
  key,
  owner,
  isBound,
  leaseId: '',
  port: 0,
  spec,
  state: 'starting',
  createdAtMs: now,
  lastActivityMs: now,
  lastError: '',
  restarts: 0,
});

const REMEMBERED = 1_000;

export interface History {
  /** Adds a session that is over. Returns the ids to forget: all but the last 1,000 that ended. */
  add(id: string): string[];
}

/** Remembers which sessions ended last. `known` are the sessions of an earlier process; living ones are skipped. */
export const createHistory = (known: readonly Session[]): History => {
  const ids = known
    .filter(isOver)
    .sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0))
    .map(({ id }) => id);
  return {
    add: (id) => {
      ids.push(id);
      return ids.splice(0, Math.max(0, ids.length - REMEMBERED));
    },
  };
};

export const isOver = ({ state }: Pick<Session, 'state'>): boolean => state === 'ended';
