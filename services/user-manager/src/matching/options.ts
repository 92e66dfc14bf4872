import type { Clock } from '#libs/clock/index.ts';
import type { Announce } from '../bus/announce.ts';
import type { Sessions } from '../bus/sessions.ts';
import type { Roster } from '../domain/roster.ts';
import type { Events } from '../events.ts';
import type { Users } from '../store/users.ts';

/** What matching needs of its surroundings. */
export interface MatchingOptions {
  users: Users;
  roster: Roster;
  /** Reads the roster anew. */
  refreshRoster: () => Promise<void>;
  announce: Announce;
  sessions: Sessions;
  events: Events;
  clock: Clock;
  /** Milliseconds that pass only while NATS and MongoDB answer. */
  healthyNow: () => number;
}
