import { expect } from 'chai';
import { describe, it } from 'mocha';
import { exchange, header, holdsNothing, reports, user } from '../fixtures/workload.ts';
import { kindsOf, staffed } from '../fixtures/staffed.ts';
import { checkpointOf, troubleOf, type WorkloadHeader } from '../state/workload.ts';
import type { Decision } from './decision.ts';
import type { Report } from './inputs.ts';

/** One long task that makes checkpoints. */
const long = (maxLosses = 2, tasks = 1): WorkloadHeader =>
  header(0, {
    maxLosses,
    nodes: [{ id: 'solve', tasks, durationMs: 1, after: [], checkpointMs: 1 }],
  });

const solving = (of = long(), users: readonly string[] = ['u1']) => {
  const game = staffed(of, users);
  const tell = (id: string, body: Report['body'], more: Partial<Report> = {}): Decision =>
    game.input(reports(id, [{ ...game.first(id), ...more, body }]));
  const checkpoint = (id: string, position: number, more?: Partial<Report>): Decision => {
    const blob = { blob: '', sha256: '', sizeBytes: 0 };
    return tell(id, { kind: 'checkpointed', position, name: `${position} s`, ...blob }, more);
  };
  const yields = (id: string): Decision =>
    tell(id, { kind: 'yielded', reason: 'asked', seconds: 5 });
  const last = () => checkpointOf(game.session.state, 0);
  const vanish = (id: string): Decision => {
    const { attempt } = game.first(id);
    const held = game.session.workers.byId.get(id)?.attempts.get(attempt);
    if (held !== undefined) {
      held.isStarted = true;
    }
    return game.input({ kind: 'user-gone', user: id, connection: `c-${id}`, isClean: false });
  };
  return { ...game, tell, checkpoint, yields, last, vanish };
};

const verdictOf = ({ effects }: Decision): string =>
  effects
    .flatMap((effect) => (effect.kind === 'outcomes' ? effect.outcomes : []))
    .map(({ verdict, reason }) => `${verdict} ${reason}`.trim())
    .join();

describe('a checkpoint', () => {
  it('counts if it is further than the last, and the attempt goes on', () => {
    const game = solving();
    const { attempt } = game.first('u1');
    expect(verdictOf(game.checkpoint('u1', 2))).to.equal('ACCEPTED');
    expect(verdictOf(game.checkpoint('u1', 2))).to.equal('SETTLED OUTDATED_CHECKPOINT');
    expect(verdictOf(game.checkpoint('u1', 1))).to.equal('SETTLED OUTDATED_CHECKPOINT');
    expect(verdictOf(game.checkpoint('u1', 3))).to.equal('ACCEPTED');
    expect(game.last()).to.include({ position: 3, attempt, user: 'u1' });
    expect(game.first('u1').attempt).to.equal(attempt);
  });

  it('counts only at the present generation', () => {
    const game = solving(long(2, 2));
    const before = game.first('u1');
    game.checkpoint('u1', 2);
    game.complete('u1');
    expect(game.last()).to.equal(undefined);
    game.input({ kind: 'command', ticket: 1, command: { kind: 'retry', tasks: 'solve/0' } });
    expect(verdictOf(game.checkpoint('u1', 9, before))).to.equal('SETTLED OUTDATED_GENERATION');
  });

  it('is named by the result of who went on from it, however many that one made itself', () => {
    const game = solving(long(), ['u1', 'u2']);
    const { attempt } = game.first('u1');
    game.checkpoint('u1', 1);
    game.yields('u1');
    for (const position of [2, 3, 4]) {
      game.checkpoint('u2', position);
    }
    const result = { blob: '', sizeBytes: 0, pixelHash: '', sha256: '', seconds: 1, notes: [] };
    const { entries } = game.tell('u2', { kind: 'completed', resumedAttempt: attempt, ...result });
    const accepted = entries.find(({ kind }) => kind === 'accepted');
    expect(accepted).to.deep.include({ resumed: { attempt, userName: 'name of u1', name: '1 s' } });
  });

  it('keeps the last two', () => {
    const game = solving();
    const sweeps = [1, 2, 3].map((position) => game.checkpoint('u1', position));
    expect(game.session.state.checkpoints.count).to.equal(1);
    expect(
      sweeps.map(({ effects }) => effects.some(({ kind }) => kind === 'keep-parts')),
    ).to.deep.equal([false, false, true]);
  });

  it('takes the loss after it out of the budget', () => {
    const game = solving(long(2));
    for (let position = 1; position <= 5; position += 1) {
      game.checkpoint('u1', position);
      game.vanish('u1');
      game.join(['u1']);
    }
    expect(game.session.state.phase).to.equal('running');
    expect(troubleOf(game.session.state, 0)).to.include({ losses: 5, vainLosses: 1 });
    game.vanish('u1');
    expect(game.session.state).to.include({ phase: 'failed' });
    expect(game.session.state.ending?.message).to.include('lost 2 times since its last checkpoint');
  });

  it('is forgotten once the mesh finds that storage lost it, and the one before counts', () => {
    const game = solving();
    const stored = (position: number) =>
      game.tell('u1', {
        kind: 'checkpointed',
        position,
        name: `${position} s`,
        blob: `b-${position}`,
        sha256: 's',
        sizeBytes: 1,
      });
    stored(1);
    stored(2);
    const failure = { failureClass: 'INPUT_LOST', reason: 'gone', seconds: 1, log: '' } as const;
    const failed = game.tell('u1', { kind: 'failed', ...failure, names: ['solve/0'] });
    expect(failed.effects).to.deep.include({
      kind: 'check-checkpoint',
      checkpoint: { task: 'solve/0', generation: 0, blob: 'b-2', sha256: 's', sizeBytes: 1 },
    });
    // The word of one machine is not enough.
    expect(game.last()?.blob).to.equal('b-2');
    const lost = { kind: 'checkpoint-lost', task: 'solve/0', blob: 'b-2' } as const;
    expect(kindsOf(game.input(lost))).to.deep.equal(['checkpoint-lost']);
    expect(game.last()?.blob).to.equal('b-1');
    expect(kindsOf(game.input(lost))).to.deep.equal([]);
  });

  it('is told by the result that was made from it', () => {
    const game = solving();
    const { attempt } = game.first('u1');
    game.checkpoint('u1', 2);
    game.vanish('u1');
    game.join(['u2']);
    const body = { kind: 'completed', seconds: 1, blob: '', sha256: '', sizeBytes: 0 } as const;
    const done = game.tell('u2', { ...body, pixelHash: '', notes: [], resumedAttempt: attempt });
    expect(done.entries[0]).to.deep.include({
      kind: 'accepted',
      resumed: { attempt, userName: 'name of u1', name: '2 s' },
    });
  });
});

describe('a task that is given back', () => {
  it('waits again, and neither failed nor was lost', () => {
    const game = solving();
    game.checkpoint('u1', 2);
    const yielded = game.yields('u1');
    expect(kindsOf(yielded)).to.deep.equal(['yielded']);
    expect(troubleOf(game.session.state, 0)).to.deep.include({ failures: [], losses: 0 });
    // Not to whoever gave it back.
    expect([...game.held('u1')]).to.deep.equal([]);
    game.join(['u2']);
    expect([...game.held('u2').values()]).to.deep.equal([0]);
  });

  it('is recorded once, however often it is reported', () => {
    const game = solving();
    const { attempt } = game.first('u1');
    game.yields('u1');
    const again = game.tell(
      'u1',
      { kind: 'yielded', reason: 'asked', seconds: 5 },
      {
        task: 'solve/0',
        attempt,
      },
    );
    expect(verdictOf(again)).to.equal('SETTLED DUPLICATE');
  });
});

describe('a user that is to leave at once', () => {
  const drained = user('u1', { owner: 'u1', drain: 'now' });

  it('is asked to hand over what others can resume, and is given back after that', () => {
    const game = solving();
    game.input(exchange([drained]));
    const [held] = game.session.workers.byId.get('u1')?.attempts.values() ?? [];
    expect(held?.isYielding).to.equal(true);
    const yielded = game.yields('u1');
    expect(yielded.effects.map(({ kind }) => kind)).to.include('release');
  });

  it('is given back after ten minutes in any case', () => {
    const game = solving();
    game.input(exchange([drained]));
    game.pass(599_000);
    game.input({ kind: 'tick' });
    expect(game.session.workers.byId.size).to.equal(1);
    game.pass(1_000);
    game.input({ kind: 'tick' });
    expect(game.session.workers.byId.size).to.equal(0);
  });

  it('leaves at once where nothing can be resumed', () => {
    const game = staffed(header(3), ['u1']);
    game.input(exchange([drained]));
    expect(game.session.workers.byId.size).to.equal(0);
  });
});

describe('a user beyond the share', () => {
  it('hands over what takes longer than ten minutes, and finishes the rest', () => {
    const game = solving(long(), ['u1']);
    game.input(exchange([user('u1', { owner: 'u1' })], { entitled: 0 }));
    const held = () => [...(game.session.workers.byId.get('u1')?.attempts.values() ?? [])][0];
    expect(held()?.isYielding).to.equal(undefined);
    game.pass(600_000);
    game.input({ kind: 'tick' });
    expect(held()?.isYielding).to.equal(true);
    game.input(exchange([user('u2', { owner: 'u2' })], { entitled: 1 }));
    game.input(holdsNothing('u2'));
  });
});
