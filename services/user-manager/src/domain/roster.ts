import { type ConnectedUser, isConnected, type UserRecord } from './user.ts';

/** Told of every change: the user as it is now, and as it was known before. */
type RosterListener = (user: UserRecord, before: UserRecord | undefined) => void;

/**
 * The connected users, as this process knows them. It learns of changes from messages between user-managers and, because those
 * may be lost, by reading the database repeatedly. It is never authoritative: whoever acts on it uses compare-and-set.
 */
export type Roster = ReturnType<typeof createRoster>;

export const createRoster = () => {
  const users = new Map<string, UserRecord>();
  // Disconnected users stay known until two refreshes find them gone, because a late message must not bring them back.
  let goneBefore = new Set<string>();
  const listeners = new Set<RosterListener>();

  /** Takes a record in if it is newer than what is known. */
  const apply = (user: UserRecord): void => {
    const before = users.get(user.id);
    if (before === undefined ? !isConnected(user) : before.version >= user.version) {
      return;
    }
    users.set(user.id, user);
    for (const listener of listeners) {
      listener(user, before);
    }
  };

  const finishRefresh = (
    versions: ReadonlyMap<string, number>,
    connected: readonly ConnectedUser[],
  ): void => {
    const found = new Set(connected.map(({ id }) => id));
    connected.forEach(apply);
    const gone = new Set<string>();
    for (const user of users.values()) {
      if (!isConnected(user)) {
        gone.add(user.id);
      } else if (!found.has(user.id) && versions.get(user.id) === user.version) {
        apply({ ...user, connection: null, version: user.version + 1 });
      }
    }
    for (const id of gone) {
      if (goneBefore.has(id)) {
        users.delete(id);
      }
    }
    goneBefore = gone;
  };

  return {
    apply,
    /** To be called before the database is read, so that what changes meanwhile is not undone by what was read. */
    beginRefresh(): (connected: readonly ConnectedUser[]) => void {
      const versions = new Map([...users.values()].map(({ id, version }) => [id, version]));
      return (connected) => finishRefresh(versions, connected);
    },
    get(id: string): ConnectedUser | undefined {
      const user = users.get(id);
      return user !== undefined && isConnected(user) ? user : undefined;
    },
    connected: (): ConnectedUser[] => [...users.values()].filter(isConnected),
    onChange(listener: RosterListener): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};
