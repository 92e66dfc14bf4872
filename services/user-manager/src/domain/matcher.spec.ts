import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Demand, Needs } from '#libs/contracts/user.ts';
import { type Random, seededRandom } from '#libs/random/index.ts';
import { matchUsers, type MatchPlan, type MatchUser, suits } from './matcher.ts';

const needs = (more: Partial<Needs> = {}): Needs => ({
  engine: '',
  family: 'blender',
  minVersion: '',
  exactVersion: '',
  memoryBytes: 0,
  barredUserIds: [],
  device: false,
  deviceMemoryBytes: 0,
  ...more,
});

const demand = (workloadId: string, more: Partial<Demand> = {}): Demand => ({
  workloadId,
  customerId: workloadId,
  weight: 1,
  epoch: 0,
  counter: 0,
  wanted: 100,
  needs: needs(),
  users: [],
  ...more,
});

const user = (
  id: string,
  session: string | null = null,
  more: Partial<MatchUser> = {},
): MatchUser => ({
  id,
  session,
  capability: {
    cpus: 1,
    memoryBytes: 1_000,
    engines: [{ name: 'CYCLES', version: '3.4.1', devices: [] }],
    sandbox: 'SANDBOX_LEVEL_BUBBLEWRAP',
  },
  isTold: true,
  hasServed: true,
  isDraining: false,
  ...more,
});

const claimed = ({ claims }: MatchPlan): string[] =>
  claims.map((each) => `${each.user}→${each.workload}`).sort();

const entitled = ({ views }: MatchPlan): Record<string, number> =>
  Object.fromEntries([...views].map(([id, view]) => [id, view.entitled]));

const MESHES = 400;

describe('matchUsers', () => {
  it('gives idle users to who wants them, never more than wanted', () => {
    const plan = matchUsers([user('a'), user('b'), user('c')], [demand('x', { wanted: 2 })]);
    expect(claimed(plan)).to.deep.equal(['a→x', 'b→x']);
  });

  it('counts users that are on their way out against what is wanted, so that no session has more', () => {
    const plan = matchUsers(
      [user('a', 'x', { isDraining: true }), user('b')],
      [demand('x', { wanted: 1 })],
    );
    expect(plan.claims).to.deep.equal([]);
  });

  it('gives a draining user to nobody', () => {
    expect(matchUsers([user('a', null, { isDraining: true })], [demand('x')]).claims).to.deep.equal(
      [],
    );
  });

  it('tells the session that has all to give half of it to the one that comes later', () => {
    const users = ['a', 'b', 'c', 'd'].map((id) => user(id, 'x'));
    const plan = matchUsers(users, [demand('x'), demand('y')]);
    expect(plan.claims).to.deep.equal([]);
    expect(entitled(plan)).to.deep.equal({ x: 2, y: 2 });
  });

  it('leaves shares alone that are off by one user only', () => {
    const users = [user('a', 'x'), user('b', 'x'), user('c', 'y')];
    expect(entitled(matchUsers(users, [demand('x'), demand('y')]))).to.deep.equal({ x: 2, y: 1 });
  });

  it('names the user that must be given back where not every one would do', () => {
    const gpu = { engines: [{ name: 'BLENDER_EEVEE', version: '3.4.1', devices: [] }] };
    const users = [
      user('a', 'x'),
      user('b', 'x'),
      user('c', 'x', { capability: { ...user('c').capability, ...gpu } }),
    ];
    const plan = matchUsers(users, [
      demand('x'),
      demand('y', { needs: needs({ engine: 'BLENDER_EEVEE', family: '' }) }),
    ]);
    expect([...plan.wantedBack]).to.deep.equal(['c']);
    expect(entitled(plan)).to.deep.equal({ x: 3, y: 1 });
  });

  it('wants users back that no longer suit their session', () => {
    const plan = matchUsers(
      [user('a', 'x')],
      [demand('x', { needs: needs({ exactVersion: '4.1' }) })],
    );
    expect([...plan.wantedBack]).to.deep.equal(['a']);
  });

  it('gives those first that have served before', () => {
    const users = [
      user('new', null, { hasServed: false }),
      user('known', null),
      user('newer', null, { hasServed: false }),
    ];
    expect(matchUsers(users, [demand('x', { wanted: 1 })]).claims).to.deep.equal([
      { user: 'known', workload: 'x' },
    ]);
  });

  it('takes users back that came with a claim of which the session does not know, when it has enough', () => {
    const users = [user('a', 'x'), user('b', 'x', { isTold: false })];
    expect(matchUsers(users, [demand('x', { wanted: 1 })]).releases).to.deep.equal([
      { user: 'b', workload: 'x' },
    ]);
    expect(matchUsers(users, [demand('x', { wanted: 2 })]).releases).to.deep.equal([]);
  });

  it('leaves users alone whose session has not spoken', () => {
    const plan = matchUsers([user('a', 'unheard')], [demand('x')]);
    expect(plan).to.deep.include({ claims: [], releases: [] });
    expect(plan.views.get('x')).to.deep.equal({ entitled: 0, suitable: 1 });
  });

  it('says how many users could do the work, busy ones included', () => {
    const weak = { ...user('b').capability, memoryBytes: 10 };
    const users = [
      user('a', 'y'),
      user('b', null, { capability: weak }),
      user('c', null, { isDraining: true }),
    ];
    const plan = matchUsers(users, [
      demand('x', { needs: needs({ memoryBytes: 500 }) }),
      demand('y'),
    ]);
    expect(plan.views.get('x')?.suitable).to.equal(1);
  });

  it(`ends, from any beginning, in rest: nobody idles whom somebody could use, and shares are fair (${MESHES} meshes)`, () => {
    for (let seed = 1; seed <= MESHES; seed += 1) {
      const mesh = randomMesh(seededRandom(seed));
      let previous = '';
      for (let round = 0; ; round += 1) {
        expect(round, `seed ${seed} comes to rest`).to.be.below(60);
        const plan = matchUsers(mesh.users, mesh.demands);
        checkPlan(plan, mesh, `seed ${seed} round ${round}`);
        mesh.users = carryOut(plan, mesh);
        const now = JSON.stringify(mesh.users);
        if (now === previous) {
          for (const { workloadId } of mesh.demands) {
            const has = mesh.users.filter(({ session }) => session === workloadId).length;
            expect(
              plan.views.get(workloadId)?.entitled,
              `seed ${seed}: share of ${workloadId}`,
            ).to.equal(has);
          }
          break;
        }
        previous = now;
      }
    }
  });
});

interface Mesh {
  users: MatchUser[];
  demands: Demand[];
}

const engines = ['CYCLES', 'BLENDER_EEVEE', 'noop'];

const randomMesh = (random: Random): Mesh => {
  const upTo = (n: number): number => Math.floor(random.float() * (n + 1));
  const demands = Array.from({ length: 1 + upTo(4) }, (_, i) =>
    demand(`w${i}`, {
      customerId: `c${upTo(2)}`,
      weight: 1 + upTo(2),
      wanted: upTo(5),
      needs: needs({
        ...(random.float() < 0.5 ? { engine: engines[upTo(2)] ?? '', family: '' } : {}),
        minVersion: random.float() < 0.3 ? '4.0' : '',
        memoryBytes: random.float() < 0.3 ? 500 : 0,
        barredUserIds: random.float() < 0.2 ? ['u0'] : [],
      }),
    }),
  );
  const users = Array.from({ length: upTo(10) }, (_, i) => {
    const session =
      random.float() < 0.5 ? (demands[upTo(demands.length - 1)]?.workloadId ?? null) : null;
    const version = random.float() < 0.5 ? '3.4.1' : '4.1.0';
    return user(`u${i}`, session, {
      isTold: random.float() < 0.8,
      hasServed: random.float() < 0.5,
      isDraining: random.float() < 0.1,
      capability: {
        cpus: 1,
        memoryBytes: random.float() < 0.5 ? 100 : 1_000,
        engines: engines
          .filter(() => random.float() < 0.6)
          .map((name) => ({ name, version, devices: [] })),
        sandbox: 'SANDBOX_LEVEL_NONE',
      },
    });
  });
  return { users, demands };
};

const checkPlan = (plan: MatchPlan, { users, demands }: Mesh, where: string): void => {
  const changed = [...plan.claims, ...plan.releases].map((each) => each.user);
  const release = new Map(plan.releases.map((each) => [each.user, each.workload]));
  const claim = new Map(plan.claims.map((each) => [each.user, each.workload]));
  expect(new Set(plan.claims.map((each) => each.user)).size, where).to.equal(plan.claims.length);
  const after = users.map((each) => ({
    ...each,
    session: claim.get(each.id) ?? (release.has(each.id) ? null : each.session),
  }));
  for (const each of demands) {
    const has = after.filter(({ session }) => session === each.workloadId);
    const had = users.filter(({ session, isTold }) => session === each.workloadId && isTold);
    expect(has.length, `${where}: wanted`).to.be.at.most(Math.max(each.wanted, had.length));
    expect(plan.views.get(each.workloadId)?.entitled, `${where}: entitled`).to.be.at.most(
      each.wanted,
    );
    for (const { id } of has) {
      if (changed.includes(id)) {
        expect(
          suits(
            after.find((one) => one.id === id)!,
            each.needs!,
          ),
          where,
        ).to.equal(true);
      }
    }
    const isWaiting = has.length < each.wanted;
    const idle = after.filter(({ session, isDraining }) => session === null && !isDraining);
    expect(
      isWaiting && idle.some((one) => suits(one, each.needs!)),
      `${where}: idle while ${each.workloadId} waits`,
    ).to.equal(false);
  }
};

/** What sessions do: they give back what is wanted back and what is too much, their oldest users first. */
const carryOut = (
  { claims, releases, views, wantedBack }: MatchPlan,
  { users, demands }: Mesh,
): MatchUser[] => {
  const claim = new Map(claims.map((each) => [each.user, each.workload]));
  const release = new Set(releases.map((each) => each.user));
  const after = users.map((each) => ({
    ...each,
    isTold: true,
    hasServed: true,
    session: claim.get(each.id) ?? (release.has(each.id) ? null : each.session),
  }));
  const given = new Set<string>(
    after.filter(({ id, isDraining }) => wantedBack.has(id) || isDraining).map(({ id }) => id),
  );
  for (const { workloadId } of demands) {
    const own = after.filter(({ id, session }) => session === workloadId && !given.has(id));
    const surplus = Math.max(0, own.length - (views.get(workloadId)?.entitled ?? 0));
    for (const { id } of own.slice(0, surplus)) {
      given.add(id);
    }
  }
  return after.map((each) => (given.has(each.id) ? { ...each, session: null } : each));
};
