import type { DatabaseSync } from 'node:sqlite';
import type { ProcessRecord, Session } from '../domain/session.ts';
import { createWriter, inTransaction } from './database.ts';

/** A document names the type of its session `kind`, as it always has: sessions outlive a change of the broker's build. */
const toDocument = ({ type: kind, ...session }: Session): string =>
  JSON.stringify({ kind, ...session });

const fromDocument = (document: string): Session => {
  const { kind, ...session } = JSON.parse(document) as Omit<Session, 'type'> & { kind: string };
  return { ...session, type: kind } as Session;
};

/**
 * Sessions and their processes, which outlive the broker. A write is durable when it returns. It throws if the disk
 * refuses it.
 */
export const createSessionStore = (db: DatabaseSync) => {
  const putSession = db.prepare('INSERT OR REPLACE INTO sessions VALUES (?, ?)');
  const putProcess = db.prepare('INSERT OR REPLACE INTO processes VALUES (?, ?, ?, ?, ?)');
  const dropSession = db.prepare('DELETE FROM sessions WHERE id = ?');
  const dropProcess = db.prepare('DELETE FROM processes WHERE nonce = ?');
  const write = createWriter(db);
  const put = (session: Session): void => void putSession.run(session.id, toDocument(session));
  return {
    load: (): { sessions: Session[]; processes: ProcessRecord[] } => ({
      sessions: db
        .prepare('SELECT document FROM sessions')
        .all()
        .map(({ document }) => fromDocument(String(document))),
      processes: db
        .prepare('SELECT nonce, session, role, pid, start_ticks AS startTicks FROM processes')
        .all() as unknown as ProcessRecord[],
    }),
    put,
    /** The same for one of many sessions at a time: durable when it resolves. */
    putSoon: (session: Session): Promise<void> => write(() => put(session)),
    /** To be called before a program starts, and again with its pid. */
    putProcess: ({ nonce, session, role, pid, startTicks }: ProcessRecord): void =>
      void putProcess.run(nonce, session, role, pid, startTicks),
    /** To be called when nothing is left of them. */
    dropProcesses: (nonces: Iterable<string>): void =>
      inTransaction(db, () => {
        for (const nonce of nonces) {
          dropProcess.run(nonce);
        }
      }),
    drop: (sessions: Iterable<string>): void =>
      inTransaction(db, () => {
        for (const id of sessions) {
          dropSession.run(id);
        }
      }),
  };
};

export type SessionStore = ReturnType<typeof createSessionStore>;
