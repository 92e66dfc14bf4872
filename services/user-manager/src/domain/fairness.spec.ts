import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Demand } from '#libs/contracts/user.ts';
import { matchUsers, type MatchUser } from './matcher.ts';

const machine = (id: string, version: string): MatchUser => ({
  id,
  session: null,
  capability: {
    cpus: 8,
    memoryBytes: 2 ** 34,
    engines: [{ name: 'CYCLES', version, devices: [] }],
    sandbox: 'SANDBOX_LEVEL_BUBBLEWRAP',
  },
  isTold: true,
  hasServed: true,
  isDraining: false,
});

const demand = (
  workloadId: string,
  customerId: string,
  weight: number,
  wanted: number,
  exact = '',
): Demand => ({
  workloadId,
  customerId,
  weight,
  epoch: 0,
  counter: 0,
  wanted,
  needs: {
    engine: '',
    family: 'blender',
    minVersion: '',
    exactVersion: exact,
    memoryBytes: 0,
    barredUserIds: [],
    device: false,
    deviceMemoryBytes: 0,
  },
  users: [],
});

const FILM = demand('film', 'acme', 2, 20);
const LOGO = demand('logo', 'bob', 1, 4, '3.4');
const CUT = demand('cut', 'carol', 1, 2);

/** Rounds on the same machines; after each, sessions give back what they are asked for, as they would within a task. */
const play = () => {
  let users = [1, 2, 3, 4, 5, 6].map((n) => machine(`new-${n}`, '4.2'));
  users = [...users, ...[1, 2, 3].map((n) => machine(`old-${n}`, '3.4'))];
  const rows: string[] = [];
  const round = (what: string, demands: readonly Demand[]): void => {
    const { claims, views, wantedBack } = matchUsers(users, demands);
    const given = new Map(claims.map(({ user, workload }) => [user, workload]));
    users = users.map((user) => ({ ...user, session: given.get(user.id) ?? user.session }));
    const cells = ['film', 'logo', 'cut'].map((id) => {
      const own = users.filter(({ session }) => session === id);
      const entitled = views.get(id)?.entitled;
      const named = own.filter((user) => wantedBack.has(user.id)).map((user) => user.id);
      if (entitled === undefined) {
        return '–';
      }
      return `${own.length} of ${entitled}${named.length === 0 ? '' : `, gives ${named.join(', ')}`}`;
    });
    rows.push(`| ${[what, ...cells].join(' | ')} |`);
    for (const [id, { entitled }] of views) {
      const own = users.filter(({ session, id: user }) => session === id && !wantedBack.has(user));
      const leaving = new Set(own.slice(entitled).map((user) => user.id));
      users = users.map((user) =>
        wantedBack.has(user.id) || leaving.has(user.id) ? { ...user, session: null } : user,
      );
    }
  };
  round('1. `film` starts', [FILM]);
  round('2. `logo` starts', [FILM, LOGO]);
  round('3. its machines are back', [FILM, LOGO]);
  round('4. `cut` starts', [FILM, LOGO, CUT]);
  round('5. two are back', [FILM, LOGO, CUT]);
  users = [...users, machine('new-7', '4.2')];
  round('6. `new-7` connects', [FILM, LOGO, CUT]);
  users = users.map((user) => (user.session === 'film' ? { ...user, session: null } : user));
  round('7. `film` has ended', [LOGO, CUT]);
  return rows;
};

describe('FAIRNESS.md', () => {
  it('says what the matcher does', () => {
    const page = readFileSync(join(import.meta.dirname, 'FAIRNESS.md'), 'utf8');
    const table = page.split('\n').filter((line) => /^\| \d\. /.test(line));
    expect(table.map((line) => line.replace(/ +\|/g, ' |'))).to.deep.equal(play());
  });
});
