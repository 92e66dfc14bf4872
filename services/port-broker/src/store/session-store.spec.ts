import { expect } from 'chai';
import { describe, it } from 'mocha';
import { tempDir } from '#libs/testing/index.ts';
import { openDatabase } from './database.ts';
import { createSessionStore } from './session-store.ts';

/** A session as every build has written it. A rename in the code must not orphan the programs of an earlier one. */
const DOCUMENT = {
  id: 's-1',
  kind: 'visualization',
  key: '/cases/cavity',
  owner: 'op',
  leaseId: 'l-1',
  port: 11_111,
  spec: {},
  state: 'ready',
  createdAtMs: 1,
  lastActivityMs: 2,
  lastError: '',
  restarts: 0,
};

describe('the sessions on record', () => {
  it('are read as an earlier build wrote them, and written as it reads them', async () => {
    await using dir = await tempDir();
    const db = openDatabase(dir.path);
    try {
      db.prepare('INSERT INTO sessions VALUES (?, ?)').run('s-1', JSON.stringify(DOCUMENT));
      const store = createSessionStore(db);
      const [session] = store.load().sessions;
      expect(session).to.include({ id: 's-1', type: 'visualization', leaseId: 'l-1' });
      store.put(session!);
      const row = db.prepare('SELECT document FROM sessions').get();
      expect(JSON.parse(String(row?.['document']))).to.deep.equal(DOCUMENT);
    } finally {
      db.close();
    }
  });
});
