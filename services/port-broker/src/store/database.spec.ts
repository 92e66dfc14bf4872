import type { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { createWriter, openDatabase } from './database.ts';

describe('a writer', () => {
  let dir: TempDir;
  let db: DatabaseSync;
  beforeEach(async () => {
    dir = await tempDir();
    db = openDatabase(dir.path);
  });
  afterEach(async () => {
    db.close();
    await dir[Symbol.asyncDispose]();
  });
  const put = (key: string) => () =>
    void db.prepare('INSERT INTO meta VALUES (?, ?)').run(key, 'x');
  const kept = (): unknown[] =>
    db
      .prepare('SELECT key FROM meta')
      .all()
      .map(({ key }) => key);

  it('waits for the disk once for all that is written in one turn', async () => {
    const run = db.exec.bind(db);
    const statements: string[] = [];
    db.exec = (sql) => {
      statements.push(sql);
      run(sql);
    };
    const write = createWriter(db);
    await Promise.all(['a', 'b', 'c'].map((key) => write(put(key))));
    await write(put('d'));
    expect(kept()).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(statements.filter((sql) => sql === 'COMMIT')).to.have.length(2);
  });

  it('keeps nothing of a turn that cannot be written, says so to all of it, and goes on', async () => {
    const write = createWriter(db);
    const answers = await Promise.allSettled([write(put('a')), write(put('a'))]);
    expect(answers.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    await write(put('b'));
    expect(kept()).to.deep.equal(['b']);
  });
});
