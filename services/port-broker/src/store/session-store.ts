import type { DatabaseSync } from 'node:sqlite';
import type { ProcessRecord, Session } from '../domain/session.ts';
import { createWriter, inTransaction } from './database.ts';

/** Sessions and their processes, kept over the broker's own end. Synchronous: a write is durable when it returns. Throws if the disk refuses it. */
export interface SessionStore {
  load(): { sessions: Session[]; processes: ProcessRecord[] };
  put(session: Session): void;
  /** The same for one of many sessions: durable when it resolves. */
  putSoon(session: Session): Promise<void>;
  /** Before it is started, and again with its pid. */
  putProcess(record: ProcessRecord): void;
  /** Called when nothing is left of them. */
  dropProcesses(nonces: Iterable<string>): void;
  drop(sessions: Iterable<string>): void;
}

export const createSessionStore = (db: DatabaseSync): SessionStore => {
  const putSession = db.prepare('INSERT OR REPLACE INTO sessions VALUES (?, ?)');
  const putProcess = db.prepare('INSERT OR REPLACE INTO processes VALUES (?, ?, ?, ?, ?)');
  const dropSession = db.prepare('DELETE FROM sessions WHERE id = ?');
  const dropProcess = db.prepare('DELETE FROM processes WHERE nonce = ?');
  const write = createWriter(db);
  const put = (session: Session): void => void putSession.run(session.id, JSON.stringify(session));
  return {
    load: () => ({
      sessions: db
        .prepare('SELECT document FROM sessions')
        .all()
        .map(({ document }) => JSON.parse(String(document)) as Session),
      processes: db
        .prepare('SELECT * FROM processes')
        .all()
        .map((row) => ({
          nonce: String(row['nonce']),
          session: String(row['session']),
          role: String(row['role']),
          pid: Number(row['pid']),
          startTicks: String(row['start_ticks']),
        })),
    }),
    put,
    putSoon: (session) => write(() => put(session)),
    putProcess: ({ nonce, session, role, pid, startTicks }) =>
      void putProcess.run(nonce, session, role, pid, startTicks),
    dropProcesses: (nonces) =>
      inTransaction(db, () => {
        for (const nonce of nonces) {
          dropProcess.run(nonce);
        }
      }),
    drop: (sessions) =>
      inTransaction(db, () => {
        for (const id of sessions) {
          dropSession.run(id);
        }
      }),
  };
};
