import { expect } from 'chai';
import { describe, it } from 'mocha';
import { usesScenes } from '#libs/blend/fixtures/scenes.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { collect } from './collect.ts';
import { choosePhysics, type PhysicsChoice } from './physics.ts';

describe('choosePhysics', () => {
  const at = usesScenes();
  const chosen = async (name: string, choice: PhysicsChoice = {}, frames = '1-4') => {
    const found = await collect({ main: at(name), folder: at('.'), scene: undefined }).catch(
      () => undefined,
    );
    const unbaked = found?.unbaked;
    try {
      return choosePhysics(unbaked, frames, choice).slice('RENDER_PHYSICS_'.length);
    } catch (error) {
      return isDomainError(error) ? `${error.reason}: ${error.message}` : String(error);
    }
  };

  it('refuses an animation whose physics is not baked, by name and with the choice', async () => {
    expect(await chosen('unbaked.blend')).to.match(
      /^PHYSICS_NOT_BAKED: .*cloth Cloth; choose --bake .*--users 1 .*--allow-unbaked/,
    );
    const falling = await chosen('falling.blend');
    for (const each of ['cloth Cloth', 'soft body', 'rigid bodies', 'particles Rain']) {
      expect(falling).to.contain(each);
    }
    // One machine cannot play a fluid.
    expect(await chosen('pouring.blend', { users: 1 })).to.match(
      /fluid; choose --bake .*machine, or/,
    );
  });

  it('does what is chosen', async () => {
    expect(await chosen('unbaked.blend', { bake: true })).to.equal('BAKE');
    expect(await chosen('unbaked.blend', { users: 1 })).to.equal('IN_ORDER');
    expect(await chosen('unbaked.blend', { allowUnbaked: true })).to.equal('ALLOW_UNBAKED');
  });

  it('chooses nothing where it makes no difference', async () => {
    expect(await chosen('unbaked.blend', {}, '3')).to.equal('ALLOW_UNBAKED');
    expect(await chosen('baked.blend', { bake: true })).to.equal('REFUSE');
    expect(await chosen('packed.blend', { users: 1 })).to.equal('REFUSE');
    // Cannot be read here: the machines look.
    expect(await chosen('no-such.blend')).to.equal('REFUSE');
    expect(await chosen('no-such.blend', { bake: true })).to.equal('BAKE');
  });
});
