import { expect } from 'chai';
import { describe, it } from 'mocha';
import { attemptKey, type Doing, type Phase, reconcile } from './reconcile.ts';

const attempt = (id: string) => ({
  task: `noop/${id}`,
  generation: 0,
  attempt: id,
  token: Buffer.alloc(16),
});

/** `w-1/0-1: 'running'` as a map. */
const doing = (phases: Record<string, Phase>): Map<string, Doing> =>
  new Map(
    Object.entries(phases).map(
      ([key, phase]) => [key, { workloadId: key.slice(0, key.indexOf('/')), phase }] as const,
    ),
  );

const wanted = (workloadId: string, ...ids: string[]) => ({
  workloadId,
  adopt: false,
  attempts: ids.map(attempt),
});

const changes = (desired: Parameters<typeof reconcile>[0], phases: Record<string, Phase>) => {
  const { start, stop, forget } = reconcile(desired, doing(phases));
  return { start: start.map((each) => each.attempt), stop, forget };
};

describe('reconcile', () => {
  it('starts what is new, in the order of the mesh, and once if it is named twice', () => {
    expect(
      changes(wanted('w-1', '0-3', '0-1', '0-3', '0-2'), { 'w-1/0-1': 'running' }),
    ).to.deep.equal({
      start: ['0-3', '0-2'],
      stop: [],
      forget: [],
    });
  });

  it('stops what runs or waits and is no longer named', () => {
    expect(
      changes(wanted('w-1', '0-2'), {
        'w-1/0-1': 'running',
        'w-1/0-2': 'waiting',
        'w-1/0-3': 'waiting',
      }),
    )
      .to.deep //
      .equal({ start: [], stop: ['w-1/0-1', 'w-1/0-3'], forget: [] });
  });

  it('stops everything for an empty state, and everything of other workloads', () => {
    expect(
      changes(wanted('w-1'), { 'w-1/0-1': 'running', 'w-1/0-2': 'waiting' }).stop,
    ).to.have.length(2);
    expect(changes(wanted('w-2', '0-1'), { 'w-1/0-1': 'running' })).to.deep.equal({
      start: ['0-1'],
      stop: ['w-1/0-1'],
      forget: [],
    });
  });

  it('keeps what is finished until it is decided, even if it is not named', () => {
    expect(changes(wanted('w-2'), { 'w-1/0-1': 'finished' })).to.deep.equal({
      start: [],
      stop: [],
      forget: [],
    });
  });

  it('does not start again what is finished or decided while the mesh still names it', () => {
    expect(
      changes(wanted('w-1', '0-1', '0-2'), { 'w-1/0-1': 'finished', 'w-1/0-2': 'decided' }),
    ).to.deep.equal({
      start: [],
      stop: [],
      forget: [],
    });
  });

  it('forgets what is decided as soon as the mesh no longer names it', () => {
    expect(changes(wanted('w-1', '0-2'), { 'w-1/0-1': 'decided' }).forget).to.deep.equal([
      'w-1/0-1',
    ]);
  });

  it('leaves a workload that a new owner adopts as it is, and stops the others', () => {
    const adopt = { workloadId: 'w-1', adopt: true, attempts: [] };
    const phases: Record<string, Phase> = {
      'w-1/0-1': 'running',
      'w-1/0-2': 'decided',
      'w-2/0-1': 'waiting',
    };
    expect(changes(adopt, phases)).to.deep.equal({ start: [], stop: ['w-2/0-1'], forget: [] });
  });

  it('changes nothing on a machine that already does what the mesh wants', () => {
    const ids = Array.from({ length: 300 }, (_, i) => `0-${i}`);
    const phases = Object.fromEntries(ids.map((id) => [attemptKey('w-1', id), 'waiting' as const]));
    expect(changes(wanted('w-1', ...ids), phases)).to.deep.equal({
      start: [],
      stop: [],
      forget: [],
    });
  });
});
