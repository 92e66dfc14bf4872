import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { DesiredState } from '#libs/contracts/agent.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { CANCELLED, completed, failed } from '../engines/engine.ts';
import type { Cancelled, Failed, Opened, Outcome, Progress } from '../engines/engine.ts';
import { attempts, noopWork } from '../fixtures/peer.ts';
import type { OpenWork } from './slot.ts';
import { startSlotGroup, type SlotGroupOptions } from './slot-group.ts';

const done = (): Outcome =>
  completed({ sha256: '', sizeBytes: 0, pixelHash: '', seconds: 0, notes: [] });

/** An engine of which the test decides when it opens and when each task ends. It records its calls. */
const scripted = () => {
  const log: string[] = [];
  const openings: ((result: 'opened' | Failed) => void)[] = [];
  const tasks = new Map<string, (outcome: Outcome) => void>();
  const steps = new Map<string, (progress: Progress) => void>();
  const open: OpenWork = (workloadId, _work, signal) => {
    const result = Promise.withResolvers<Opened | Failed | Cancelled>();
    log.push(`open ${workloadId}`);
    openings.push((how) =>
      result.resolve(
        how !== 'opened'
          ? how
          : {
              kind: 'opened',
              run: ({ key }, running) => {
                const stop = running.signal;
                const outcome = Promise.withResolvers<Outcome>();
                steps.set(key, (made) => running.progress(made));
                log.push(`run ${key}`);
                tasks.set(key, outcome.resolve);
                stop.addEventListener('abort', () => {
                  log.push(`stop ${key}`);
                  outcome.resolve(CANCELLED);
                });
                return outcome.promise;
              },
              close: async () => void log.push(`close ${workloadId}`),
            },
      ),
    );
    signal.addEventListener('abort', () => {
      log.push(`give up ${workloadId}`);
      result.resolve(CANCELLED);
    });
    return result.promise;
  };
  return {
    log,
    open,
    /** Ends the n-th opening, from 0, with this. */
    opened: (n: number, how: 'opened' | Failed = 'opened') => openings[n]!(how),
    /** The engine tells how far a task is. */
    get: (task: string, fraction: number) =>
      steps.get(task)!({ fraction, text: `Sample ${fraction * 64}/64` }),
    finish: (task: string, outcome = done()) => tasks.get(task)!(outcome),
  };
};

const setUp = (options: Partial<SlotGroupOptions> = {}) => {
  const engine = scripted();
  const clock = fakeClock();
  const finished: [string, string][] = [];
  const announced: string[] = [];
  const progress: [string, number | undefined][] = [];
  const group = startSlotGroup({
    slots: 1,
    open: engine.open,
    fetchInput: async (task) => failed('AGENT_ERROR', `nobody made ${task}`),
    keepCheckpoints: () => async () => undefined,
    fetchParts: async ({ name }) => failed('AGENT_ERROR', `nobody made ${name}`),
    onStarted: ({ attempt }) => void announced.push(attempt.task),
    onProgress: (assignments) =>
      void progress.push(
        ...assignments.map((each): [string, number | undefined] => [
          each.attempt.task,
          each.progress?.fraction,
        ]),
      ),
    onDone: ({ attempt }, outcome) => {
      finished.push([
        attempt.task,
        outcome.kind === 'failed' ? outcome.failureClass : outcome.kind,
      ]);
      return undefined;
    },
    onIdle: () => undefined,
    clock,
    ...options,
  });
  let counter = 0;
  const want = async (state: Partial<DesiredState>): Promise<void> => {
    counter += 1;
    const defaults = {
      workloadId: 'w-1',
      claim: 1,
      epoch: 0,
      counter,
      adopt: false,
      inputs: [],
      work: undefined,
      attempts: [],
    };
    group.apply({ ...defaults, ...state });
    await clock.advance(0);
  };
  return {
    ...engine,
    clock,
    group,
    want,
    finished,
    announced,
    progress,
    [Symbol.asyncDispose]: () => group.end(),
  };
};

describe('the slots of a machine', () => {
  it('open their engine anew if the mesh changes its description of the work, and keep it if the mesh repeats it', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(1), ...noopWork({ failingTasks: '1' }) });
    machine.opened(0);
    await machine.clock.advance(0);
    machine.finish('noop/1');
    await machine.clock.advance(0);
    await machine.want({ attempts: attempts(2), ...noopWork({ failingTasks: '1' }) });
    machine.finish('noop/2');
    await machine.clock.advance(0);
    await machine.want({ attempts: attempts(3), ...noopWork({ failingTasks: '3' }) });
    machine.opened(1);
    await machine.clock.advance(0);
    expect(machine.log).to.deep.equal([
      'open w-1',
      'run noop/1',
      'run noop/2',
      'close w-1',
      'open w-1',
      'run noop/3',
    ]);
    machine.finish('noop/3');
  });

  it('open an engine once and keep it for all tasks of the workload, in the order of the mesh', async () => {
    await using machine = setUp();
    await machine.want({ attempts: [...attempts(2), ...attempts(1)] });
    machine.opened(0);
    await machine.clock.advance(0);
    machine.finish('noop/2');
    await machine.clock.advance(0);
    await machine.want({ attempts: [...attempts(3), ...attempts(1)] });
    machine.finish('noop/1');
    await machine.clock.advance(0);
    expect(machine.log).to.deep.equal(['open w-1', 'run noop/2', 'run noop/1', 'run noop/3']);
  });

  it('take up a new order at the next task', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 3) });
    machine.opened(0);
    await machine.clock.advance(0);
    await machine.want({ attempts: [...attempts(0), ...attempts(3), ...attempts(1)] });
    machine.finish('noop/0');
    await machine.clock.advance(0);
    expect(machine.log.at(-1)).to.equal('run noop/3');
  });

  it('each open an engine of their own, and share the tasks', async () => {
    await using machine = setUp({ slots: 2 });
    await machine.want({ attempts: attempts(0, 2) });
    machine.opened(0);
    machine.opened(1);
    await machine.clock.advance(0);
    expect(machine.log).to.deep.equal(['open w-1', 'open w-1', 'run noop/0', 'run noop/1']);
    expect(machine.group.running()).to.equal(2);
  });

  it('stop only what is no longer named, and go on with the next', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 2) });
    machine.opened(0);
    await machine.clock.advance(0);
    await machine.want({ attempts: attempts(2) });
    expect(machine.log).to.deep.equal(['open w-1', 'run noop/0', 'stop noop/0', 'run noop/2']);
    expect(machine.finished).to.deep.equal([]);
  });

  it('close the engine of a workload when another one follows', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0) });
    machine.opened(0);
    await machine.clock.advance(0);
    await machine.want({ workloadId: 'w-2', claim: 2, adopt: true });
    expect(machine.log.slice(2)).to.deep.equal(['stop noop/0', 'close w-1']);
    await machine.want({ workloadId: 'w-2', claim: 2, attempts: attempts(0) });
    expect(machine.log.at(-1)).to.equal('open w-2');
  });

  it('keep the engine for ten seconds without work, in case more comes', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0) });
    machine.opened(0);
    await machine.clock.advance(0);
    machine.finish('noop/0');
    await machine.clock.advance(0);
    await machine.want({ attempts: [] });
    await machine.clock.advance(9_000);
    expect(machine.log.at(-1)).to.equal('run noop/0');
    await machine.clock.advance(1_000);
    expect(machine.log.at(-1)).to.equal('close w-1');
  });

  it('go on opening for another task if the first one is withdrawn, and give up if none is left', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 1) });
    await machine.want({ attempts: attempts(1) });
    expect(machine.log).to.deep.equal(['open w-1']);
    await machine.want({ attempts: [] });
    expect(machine.log).to.deep.equal(['open w-1', 'give up w-1']);
    await machine.want({ attempts: attempts(2) });
    machine.opened(1);
    await machine.clock.advance(0);
    expect(machine.log.slice(2)).to.deep.equal(['open w-1', 'run noop/2']);
  });

  it('try a scene that cannot be rendered only once, and fail every task with the same reason', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 1) });
    machine.opened(0, failed('MISSING_ASSETS', 'no earth.jpg', { names: ['earth.jpg'] }));
    await machine.clock.advance(0);
    expect(machine.log).to.deep.equal(['open w-1']);
    expect(machine.finished).to.deep.equal([
      ['noop/0', 'MISSING_ASSETS'],
      ['noop/1', 'MISSING_ASSETS'],
    ]);
  });

  it('try to open again after a failure that may pass', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 1) });
    machine.opened(0, failed('AGENT_ERROR', 'no blob service'));
    await machine.clock.advance(0);
    machine.opened(1);
    await machine.clock.advance(0);
    expect(machine.log).to.deep.equal(['open w-1', 'open w-1', 'run noop/1']);
  });

  it('try to fetch a lost scene again, because the mesh looks whether it is lost', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 1) });
    machine.opened(0, failed('SCENE_LOST', 'it is not the same that was handed in'));
    await machine.clock.advance(0);
    machine.opened(1);
    await machine.clock.advance(0);
    expect(machine.log).to.deep.equal(['open w-1', 'open w-1', 'run noop/1']);
  });

  it('announce a task after 200 ms, and again on a new stream', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 1) });
    machine.opened(0);
    await machine.clock.advance(199);
    machine.finish('noop/0');
    await machine.clock.advance(100);
    expect(machine.announced).to.deep.equal([]);
    await machine.clock.advance(300);
    expect(machine.announced).to.deep.equal(['noop/1']);
    machine.group.announceAgain();
    await machine.clock.advance(200);
    expect(machine.announced).to.deep.equal(['noop/1', 'noop/1']);
  });

  it('tell how far a task is every 2 s while it gets further, and again on a new stream', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 1) });
    machine.opened(0);
    await machine.clock.advance(100);
    machine.get('noop/0', 0.5);
    machine.finish('noop/0');
    await machine.clock.advance(200);
    machine.get('noop/1', 0.25);
    machine.get('noop/1', 0.5);
    await machine.clock.advance(2_200);
    expect(machine.progress).to.deep.equal([['noop/1', 0.5]]);
    await machine.clock.advance(10_000);
    expect(machine.progress).to.have.lengthOf(1);
    machine.group.announceAgain();
    await machine.clock.advance(2_400);
    expect(machine.progress).to.deep.equal([
      ['noop/1', 0.5],
      ['noop/1', 0.5],
    ]);
    machine.finish('noop/1');
    await machine.clock.advance(10_000);
    expect(machine.progress).to.have.lengthOf(2);
  });

  it('wait with the next task while too many results wait to be stored', async () => {
    const room = Promise.withResolvers<void>();
    await using machine = setUp({ onDone: () => room.promise });
    await machine.want({ attempts: attempts(0, 1) });
    machine.opened(0);
    await machine.clock.advance(0);
    machine.finish('noop/0');
    await machine.clock.advance(0);
    expect(machine.log.at(-1)).to.equal('run noop/0');
    room.resolve();
    await machine.clock.advance(0);
    expect(machine.log.at(-1)).to.equal('run noop/1');
  });

  it('begin nothing while they drain, and finish what runs', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0, 1) });
    machine.opened(0);
    await machine.clock.advance(0);
    machine.group.drain();
    await machine.want({ attempts: attempts(0, 2) });
    machine.finish('noop/0');
    await machine.clock.advance(0);
    expect(machine.finished).to.deep.equal([['noop/0', 'completed']]);
    expect([machine.group.running(), machine.log.at(-1)]).to.deep.equal([0, 'run noop/0']);
    expect(machine.group.held().flatMap((each) => each.attempts)).to.deep.equal(attempts(0));
  });

  it('give up an engine that still opens when they drain', async () => {
    await using machine = setUp();
    await machine.want({ attempts: attempts(0) });
    machine.group.drain();
    await machine.clock.advance(0);
    expect([machine.group.running(), machine.log.at(-1)]).to.deep.equal([0, 'give up w-1']);
  });
});
