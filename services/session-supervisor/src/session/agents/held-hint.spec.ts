import { expect } from 'chai';
import { describe, it } from 'mocha';
import { exchange, header, holdsNothing, play, user } from '../../domain/fixtures/workload.ts';
import { heldHint, readHeldHint } from './held-hint.ts';

describe('the hint of what users hold', () => {
  it('names what users hold and what a former owner’s users may still hold, and is read back', () => {
    const game = play(header(100));
    const { workers, state } = game.session;
    workers.reserved = new Set([20, 21, 22]);
    workers.reservedUntil = 10_000;
    game.input(exchange([user('u1'), user('u2')]));
    game.input(holdsNothing('u1'));
    expect(heldHint(state.graph, workers)).to.equal('0-1,20-22');
    expect(readHeldHint(state.graph, '0-1,20-22')).to.deep.equal(new Set([0, 1, 20, 21, 22]));
  });

  it('is empty if no user holds a task, or if it would be too long', () => {
    const { graph } = play(header(1_000_000)).session.state;
    expect(heldHint(graph, { byId: new Map(), reserved: undefined })).to.equal('');
    expect(readHeldHint(graph, '')).to.equal(undefined);
    const scattered = new Set(
      Array.from({ length: 30_000 }, (_, i) => i * i).filter((task) => task < 1_000_000),
    );
    for (let i = 0; i < 20_000; i += 1) {
      scattered.add(Math.floor(i * 37.3));
    }
    expect(heldHint(graph, { byId: new Map(), reserved: scattered })).to.equal('');
  });
});
