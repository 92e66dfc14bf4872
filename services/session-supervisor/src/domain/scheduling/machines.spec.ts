import { expect } from 'chai';
import { describe, it } from 'mocha';
import { engineNeeds } from './machines.ts';
import type { Assigned } from './workers.ts';
import { demandOf } from './demand.ts';
import { isFounded } from '../state/workload.ts';
import { exchange, holdsNothing, play, renderHeader, user } from '../fixtures/workload.ts';

const withBlender = (id: string, version: string, more: Partial<Assigned> = {}): Assigned =>
  user(id, {
    engines: ['CYCLES', 'BLENDER_EEVEE'].map((name) => ({ name, version, devices: [] })),
    ...more,
  });

describe('the frames of a workload', () => {
  const mixed = [withBlender('new', '4.1.0'), withBlender('a', '3.4.1'), withBlender('b', '3.4.1')];

  it('are all rendered with the version of Blender that most users have at the beginning', () => {
    const mesh = play(renderHeader('1-40'));
    mesh.input(exchange(mixed));
    for (const { id } of mixed) {
      mesh.input(holdsNothing(id));
    }
    expect(mesh.session.state.version).to.equal('3.4.1');
    expect(mixed.map(({ id }) => mesh.held(id).size > 0)).to.deep.equal([false, true, true]);
    expect(demandOf(mesh.session.state, mesh.session.workers, 100, 0).needs).to.include({
      exactVersion: '3.4.1',
    });
  });

  it('are rendered with the earliest of several versions that as many users have', () => {
    const mesh = play(renderHeader('1-40'));
    const engines = ['5.0.1', '4.10.0', '4.5.15'].map((version) => ({
      name: 'CYCLES',
      version,
      devices: [],
    }));
    mesh.input(exchange([user('a', { engines })]));
    mesh.input(holdsNothing('a'));
    expect(mesh.session.state.version).to.equal('4.5.15');
  });

  it('wait until the choice of the version is durable', () => {
    const mesh = play(renderHeader('1-40'));
    const durable = mesh.session.state;
    mesh.input(exchange(mixed));
    mesh.input(holdsNothing('a'));
    const [held] = mesh.session.workers.byId.get('a')?.attempts.values() ?? [];
    expect(held && isFounded(durable, held)).to.equal(false);
    expect(held && isFounded(mesh.session.state, held)).to.equal(true);
  });

  it('leave users with another version to other workloads', () => {
    const mesh = play(renderHeader('1-40'));
    mesh.input(exchange(mixed));
    for (const { id } of mixed) {
      mesh.input(holdsNothing(id));
    }
    const { effects } = mesh.input({ kind: 'tick' });
    expect(
      effects.flatMap((effect) => (effect.kind === 'release' ? [effect.user.id] : [])),
    ).to.deep.equal(['new']);
  });

  it('keep their version and wait when all users with it are gone', () => {
    const mesh = play(renderHeader('1-40'));
    mesh.input(exchange([withBlender('a', '3.4.1')]));
    mesh.input(holdsNothing('a'));
    mesh.input({ kind: 'user-gone', user: 'a', connection: 'c-a', isClean: true });
    mesh.input(exchange([withBlender('new', '4.1.0')]));
    mesh.input(holdsNothing('new'));
    expect(mesh.held('new').size).to.equal(0);
    mesh.input(exchange([withBlender('b', '3.4.1')]));
    mesh.input(holdsNothing('b'));
    expect(mesh.held('b').size).to.be.above(0);
  });

  it('go to a machine with a graphics card of enough memory alone, if they need one', () => {
    const withCard = (id: string, name: string, memoryBytes: number): Assigned =>
      user(id, { engines: [{ name, version: '5.0.1', devices: [{ memoryBytes }] }] });
    const mesh = play(renderHeader('1-40', { device: 'both', deviceMemoryBytes: 8 }));
    const users = [
      withBlender('none', '5.0.1'),
      withCard('small', 'CYCLES', 7),
      withCard('unknown', 'CYCLES', 0),
      withCard('fit', 'CYCLES', 8),
    ];
    mesh.input(exchange(users));
    for (const { id } of users) {
      mesh.input(holdsNothing(id));
    }
    expect(users.map(({ id }) => mesh.held(id).size > 0)).to.deep.equal([
      false,
      false,
      false,
      true,
    ]);
    const { needs } = demandOf(mesh.session.state, mesh.session.workers, 100, 0);
    expect(needs).to.include({ device: true, deviceMemoryBytes: 8 });
  });

  it('need no graphics card once the scene turns out to have an engine that only draws', () => {
    const { header } = play(renderHeader('1', { device: 'gpu', deviceMemoryBytes: 8 })).session
      .state;
    const none = { device: false, deviceMemoryBytes: 0 };
    expect(engineNeeds({ header, engine: 'BLENDER_EEVEE', version: '' })).to.include(none);
  });

  it('go to no machine without Blender, whatever other engines it has', () => {
    const mesh = play(renderHeader('1-40'));
    mesh.input(
      exchange([
        user('foam', { engines: [{ name: 'OPENFOAM_COM', version: '2312', devices: [] }] }),
      ]),
    );
    mesh.input(holdsNothing('foam'));
    expect(mesh.held('foam').size).to.equal(0);
    expect(mesh.session.state.version).to.equal('');
  });
});
