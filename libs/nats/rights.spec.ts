import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, Events, type NatsConnection } from 'nats';
import { busRights, type BusService, busServices } from '#libs/mesh/index.ts';
import { errorOf, startNats, type TestStore, urlAs } from '#libs/testing/index.ts';
import { testBus, bytesOf } from './fixtures/bus.ts';
import { toServers } from './servers.ts';

const all = busServices.map(busRights);

/** What no service needs. */
const foreign = [
  '>',
  'muster.>',
  'muster.port.v1.x.y',
  'muster.user.v1.machine.m-1.enrolled',
  '_INBOX.>',
  '_INBOX.x',
  '_INBOX.muster.x',
  '$SYS.>',
  '$JS.API.>',
  '$JS.API.INFO',
  '$JS.API.STREAM.DELETE.MUSTER_EVENTS',
  '$JS.API.STREAM.PURGE.MUSTER_EVENTS',
  '$JS.API.STREAM.UPDATE.MUSTER_EVENTS',
  '$JS.API.STREAM.MSG.GET.MUSTER_EVENTS',
  '$JS.API.STREAM.CREATE.OTHERS',
  '$JS.API.CONSUMER.CREATE.MUSTER_EVENTS',
];

const patterns = [
  ...new Set([...all.flatMap(({ publish, subscribe }) => [...publish, ...subscribe]), ...foreign]),
].sort();

/** A subject like the pattern. */
const subjectOf = (pattern: string): string => pattern.replaceAll('*', 'x-1').replace('>', 'x.y');

const covers = (pattern: string, subject: string): boolean => {
  const [parts, of] = [pattern.split('.'), subject.split('.')];
  return (
    (parts.at(-1) === '>' ? of.length >= parts.length : of.length === parts.length) &&
    parts.every((part, i) => part === '>' || (part === '*' && of[i] !== '>') || part === of[i])
  );
};

const allowed = (rights: readonly string[], among: readonly string[]): string[] =>
  among.filter((subject) => rights.some((pattern) => covers(pattern, subject)));

/** Nobody may use it. */
const LAST = 'the.last';

/** Which subjects the server refuses: it answers in order, so after the last one has been refused nothing more comes. */
const refusedOf = async (
  nc: NatsConnection,
  subjects: readonly string[],
  act: (subject: string) => void,
): Promise<Set<string>> => {
  const refused = new Set<string>();
  const statuses = nc.status();
  [...subjects, LAST].forEach(act);
  for await (const { type, permissionContext } of statuses) {
    if (type === Events.Error && permissionContext?.subject === LAST) {
      break;
    }
    refused.add(permissionContext?.subject ?? '');
  }
  await nc.close();
  return refused;
};

describe('rights in NATS', () => {
  let nats: TestStore;
  before(async () => {
    nats = await startNats();
  });
  after(() => nats[Symbol.asyncDispose]());

  const as = (service: BusService) => connect(toServers({ url: urlAs(nats.url, service) }));

  for (const service of busServices) {
    const { publish, subscribe } = busRights(service);

    it(`let ${service} send to the subjects that it uses, and to no other`, async () => {
      const nc = await as(service);
      const subjects = [...new Set(patterns.map(subjectOf))];
      const refused = await refusedOf(nc, subjects, (each) => nc.publish(each));
      const done = subjects.filter((subject) => !refused.has(subject));
      expect(done).to.deep.equal(allowed(publish, subjects));
      expect(refused.size).to.be.above(0);
    });

    it(`let ${service} hear what it serves and its own answers, and nothing else`, async () => {
      const nc = await as(service);
      const heard = [...new Set([...patterns, ...patterns.map(subjectOf)])];
      const ignore = { callback: () => undefined };
      const refused = await refusedOf(nc, heard, (each) => nc.subscribe(each, ignore));
      const done = heard.filter((subject) => !refused.has(subject));
      expect(done).to.deep.equal(allowed(subscribe, heard));
    });
  }

  it('let nobody hear the answers of others, nor blob anything but its own answers', () => {
    for (const service of busServices) {
      const inboxes = busRights(service).subscribe.filter((each) => each.startsWith('_INBOX'));
      expect(inboxes).to.deep.equal([`_INBOX.${service}.>`]);
    }
    expect(busRights('blob').subscribe).to.have.lengthOf(1);
  });

  it('are named in the error of whoever lacks them', async () => {
    await using bus = await testBus(urlAs(nats.url, 'blob'), { service: 'blob' });
    const serving = await errorOf(
      bus.serve('muster.session.v1.w-1.*', async () => undefined).ready(),
    );
    const asking = await errorOf(
      bus.request('muster.session.v1.w-1.command', bytesOf(''), { timeoutMs: 5_000 }),
    );
    for (const { reason, message } of [serving, asking]) {
      expect(reason).to.equal('DEPENDENCY_UNAVAILABLE');
      expect(message).to.include('tools/store-users.ts').and.include('muster.session.v1.w-1.');
    }
  });

  it('are enough to ask, to answer and to publish facts', async () => {
    const [blob, supervisor] = await Promise.all(
      (['blob', 'session-supervisor'] as const).map((service) =>
        testBus(urlAs(nats.url, service), { service }),
      ),
    );
    await using asking = blob!;
    await using serving = supervisor!;
    const subject = 'muster.session.v1.any.workload-standing';
    await serving.serve(subject, async (bytes) => bytes).ready();
    expect(await asking.request(subject, bytesOf('a'), { timeoutMs: 5_000 })).to.deep.equal(
      bytesOf('a'),
    );
    const fact = 'muster.session.v1.workload.w-1.started';
    await serving.publishFact(fact, bytesOf(''), 'a');
    expect(await errorOf(asking.publishFact(fact, bytesOf(''), 'b'))).to.include({
      reason: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});
