import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  NewUsers,
  UserDisconnected,
  UserFrameRendered,
  UserHeld,
  UserRenderingCompleted,
  WorkloadFacts,
} from '#libs/contracts/session.ts';
import {
  MoreUsers,
  RemoveUsersDemandCompletely,
  StartRendering,
  StopWork,
  UpdateUserCount,
  UsersReleased,
} from '#libs/contracts/user.ts';
import { observe, type Observed, type Observer } from '#libs/nats/fixtures/observer.ts';
import { eventually, noopSpec } from '#libs/testing/index.ts';
import { finishTask, handAgent, type HandAgent } from '../harness/hand-agent.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';
import { usersUntil } from '../harness/users.ts';
import { ended, named, resultsOf, start } from '../harness/work.ts';

/** The part of a message type that this spec needs. */
interface Type<T> {
  decode(bytes: Uint8Array): T;
  encode(message: T): { finish(): Uint8Array };
}

const everyTask = Array.from({ length: 6 }, (_, i) => `noop/${i}`);
const toMatcher = (verb: string): RegExp => new RegExp(`^muster\\.user\\.v1\\.matcher\\.${verb}$`);
const toManager = (verb: string): RegExp =>
  new RegExp(`^muster\\.user\\.v1\\.i-[a-z0-9]+\\.${verb}$`);

describe('the messages about one workload that a subscriber gets', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let observer: Observer;
  let alpha: HandAgent;
  let beta: HandAgent;
  let id: string;
  const heard: Observed[] = [];

  before(async () => {
    mesh = await startMesh();
    observer = await observe({ url: mesh.stores.nats.url }, 'muster.>', (message) =>
      heard.push(message),
    );
    alpha = await handAgent(mesh, 'alpha');
    beta = await handAgent(mesh, 'beta');
    await workThrough();
    await observer.caughtUp();
  });
  after(async () => {
    alpha[Symbol.dispose]();
    await observer[Symbol.asyncDispose]();
    await mesh[Symbol.asyncDispose]();
  });

  /** Plays a workload in which every event happens: users come, work, are given back and vanish, and it ends. */
  const workThrough = async (): Promise<void> => {
    const acme = await mesh.customer('acme');
    id = await start(acme, { noop: noopSpec({ tasks: 6 }) }, { wantedUsers: 2 });
    const [attempt] = await Promise.all([beta.attempt(id), alpha.attempt(id)]);
    await beta.begin(attempt);
    // Only an attempt that is known to have begun can be lost.
    await eventually(() => expect(sentTo('user-frame-rendered')).to.have.length(1));
    beta[Symbol.dispose]();
    await finishTask(alpha);
    await acme.workloads.setUserCount({ ...named(id), wanted: 0, requestId: '' });
    await alpha.until(() => alpha.work().attempts.length === 1);
    await finishTask(alpha);
    await usersUntil(mesh.operator, (users) => users.every(({ workloadId }) => workloadId === ''));
    await acme.workloads.setUserCount({ ...named(id), wanted: 1, requestId: '' });
    for (let left = 4; left > 0; left -= 1) {
      await finishTask(alpha);
    }
    expect((await ended(acme, id)).state).to.equal('WORKLOAD_STATE_COMPLETED');
  };

  const sentTo = (verb: string): Observed[] =>
    heard.filter(({ subject }) => subject.startsWith('muster.') && subject.endsWith(`.${verb}`));

  /** Returns at least this number of messages to a subject, and checks that each is exactly of this type. */
  const all = async <T>(subject: RegExp, type: Type<T>, least = 1): Promise<T[]> => {
    const matching = await eventually(() => {
      const found = heard.filter((message) => subject.test(message.subject));
      expect(found.length, String(subject)).to.be.at.least(least);
      return found;
    });
    return matching.map(({ bytes }) => {
      const message = type.decode(bytes);
      expect(
        Buffer.from(type.encode(message).finish()).equals(bytes),
        `${subject} is of its type`,
      ).to.equal(true);
      return message;
    });
  };
  const toSession = (verb: string): RegExp =>
    new RegExp(`^muster\\.session\\.v1\\.${id}\\.${verb}$`);

  it('new-users names both users', async () => {
    const names = (await all(toSession('new-users'), NewUsers)).flatMap(({ users }) =>
      users.map(({ name }) => name),
    );
    expect([...new Set(names)].sort()).to.deep.equal(['alpha', 'beta']);
  });

  it('user-held answers for each user', async () => {
    const users = (await all(toSession('user-held'), UserHeld)).map(({ userId }) => userId);
    expect(users).to.include.members([alpha.machine, beta.machine]);
  });

  it('user-frame-rendered carries each result', async () => {
    const reports = (await all(toSession('user-frame-rendered'), UserFrameRendered)).flatMap(
      (message) => message.reports,
    );
    const tasks = reports.flatMap(({ body, attempt }) =>
      body?.$case === 'completed' ? [attempt?.task ?? ''] : [],
    );
    expect(tasks.sort()).to.deep.equal(everyTask);
  });

  it('user-rendering-completed says that a user is idle', async () => {
    const users = (await all(toSession('user-rendering-completed'), UserRenderingCompleted)).map(
      ({ userId }) => userId,
    );
    expect(users).to.include(alpha.machine);
  });

  it('user-disconnected names the user that vanished without a goodbye', async () => {
    const gone = await all(toSession('user-disconnected'), UserDisconnected);
    expect(gone).to.deep.equal([
      { userId: beta.machine, connectionId: beta.connection, isClean: false },
    ]);
  });

  it('more-users asks for users, update-user-count changes how many', async () => {
    const asked = (await all(toMatcher('more-users'), MoreUsers)).map(({ demand }) => demand);
    expect(asked[0]).to.include({ workloadId: id, customerId: 'acme', wanted: 2 });
    const changed = (await all(toMatcher('update-user-count'), UpdateUserCount)).map(
      ({ demand }) => demand?.wanted,
    );
    expect(changed).to.include.members([0, 1]);
  });

  it('users-released gives back, remove-users-demand-completely ends the demand', async () => {
    const released = await all(toMatcher('users-released'), UsersReleased, 2);
    const users = released.flatMap((message) => message.users.map(({ userId }) => userId));
    expect(users).to.have.length.at.least(2);
    expect(new Set(users)).to.deep.equal(new Set([alpha.machine]));
    const removed = await all(
      toMatcher('remove-users-demand-completely'),
      RemoveUsersDemandCompletely,
    );
    expect(removed.map(({ demand }) => demand?.workloadId)).to.deep.equal([id]);
  });

  it('start-rendering hands out, stop-work takes back', async () => {
    const given = (await all(toManager('start-rendering'), StartRendering)).flatMap(
      ({ users }) => users,
    );
    const tasks = given.flatMap(
      ({ desiredState }) => desiredState?.attempts.map(({ task }) => task) ?? [],
    );
    expect([...new Set(tasks)].sort()).to.deep.equal(everyTask);
    const stopped = (await all(toManager('stop-work'), StopWork, 2)).flatMap(({ users }) => users);
    expect(stopped).to.have.length.at.least(2);
    for (const { userId, desiredState } of stopped) {
      expect([userId, desiredState?.attempts]).to.deep.equal([alpha.machine, []]);
    }
  });

  it('the facts are in MUSTER_EVENTS, each once, with ids derived from the journal', async () => {
    const kinds = ['started', 'accepted', 'attempt-lost', 'wanted-set', 'completed'];
    const stored = await eventually(async () => {
      const facts = await observer.facts();
      expect(facts.some(({ subject }) => subject.endsWith('.completed'))).to.equal(true);
      return facts;
    });
    const messageIds = stored.map(({ messageId }) => messageId);
    expect(new Set(messageIds).size).to.equal(messageIds.length);
    const facts = stored.flatMap(({ subject, bytes, messageId }) => {
      const message = WorkloadFacts.decode(bytes);
      expect(message).to.include({ workloadId: id, customerId: 'acme' });
      const [kind] = message.facts.map((fact) => fact.kind);
      expect(subject).to.equal(`muster.session.v1.workload.${id}.${kind}`);
      expect(messageId).to.equal(`${id}/${message.position}/${kind}`);
      for (const fact of message.facts) {
        expect(fact.factId).to.match(new RegExp(`^${id}/${message.position}/\\d+$`));
      }
      return message.facts;
    });
    expect(new Set(facts.map(({ factId }) => factId)).size).to.equal(facts.length);
    expect([...new Set(facts.map(({ kind }) => kind))].sort()).to.deep.equal(kinds.toSorted());
    const accepted = facts
      .filter(({ kind }) => kind === 'accepted')
      .map(({ task, attempt }) => `${task} ${attempt}`);
    const results = await resultsOf(await mesh.customer('acme'), id);
    expect(accepted).to.deep.equal(results.map(({ task, attempt }) => `${task} ${attempt}`));
  });
});
