import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createRoster } from './roster.ts';
import type { ConnectedUser, UserRecord } from './user.ts';

const record = (id: string, version: number, more: Partial<UserRecord> = {}): ConnectedUser =>
  ({
    id,
    name: id,
    manager: 'i-1',
    connection: 'c-1',
    session: null,
    claim: 0,
    version,
    slots: 1,
    capability: { cpus: 1, memoryBytes: 0, engines: [], sandbox: 'SANDBOX_LEVEL_NONE' },
    agentVersion: '',
    owner: '',
    goodLooks: 0,
    connectedAtMs: 0,
    drain: 'none',
    ...more,
  }) as ConnectedUser;

describe('createRoster', () => {
  it('keeps the newest of what it hears, in whatever order it comes', () => {
    const roster = createRoster();
    const heard: number[] = [];
    roster.onChange(({ version }) => heard.push(version));
    roster.apply(record('a', 2));
    roster.apply(record('a', 1));
    roster.apply(record('a', 2));
    roster.apply(record('a', 3, { session: 'w' }));
    expect(heard).to.deep.equal([2, 3]);
    expect(roster.get('a')?.session).to.equal('w');
  });

  it('does not bring a user back that it knows to be gone', () => {
    const roster = createRoster();
    roster.apply(record('a', 1));
    roster.apply(record('a', 3, { connection: null }));
    roster.apply(record('a', 2));
    expect(roster.connected()).to.deep.equal([]);
  });

  it('makes up with a refresh for what it missed, both ways', () => {
    const roster = createRoster();
    roster.apply(record('gone', 1));
    roster.beginRefresh()([record('new', 4)]);
    expect(roster.connected().map(({ id }) => id)).to.deep.equal(['new']);
  });

  it('does not let a refresh undo what changed while the database was read', () => {
    const roster = createRoster();
    roster.apply(record('a', 1));
    const finish = roster.beginRefresh();
    roster.apply(record('a', 2, { session: 'w' }));
    roster.apply(record('b', 1));
    finish([record('a', 1)]);
    expect(roster.connected().map(({ id, version }) => [id, version])).to.deep.equal([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('forgets those who left, so that it does not grow for ever', () => {
    const roster = createRoster();
    roster.apply(record('a', 1));
    roster.apply(record('a', 2, { connection: null }));
    for (let i = 0; i < 2; i += 1) {
      roster.beginRefresh()([]);
    }
    const heard: string[] = [];
    roster.onChange(({ id }, before) =>
      heard.push(`${id} ${before === undefined ? 'unknown' : 'known'}`),
    );
    roster.apply(record('a', 3));
    expect(heard).to.deep.equal(['a unknown']);
  });
});
