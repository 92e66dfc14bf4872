import { indicesBetween, parseTasks } from '#libs/indices/index.ts';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DomainError } from '#libs/errors/index.ts';
import { createGraph, singleNode, taskKey, taskOrdinal } from './task-graph.ts';
import {
  ordinalsFromText,
  selectTasks,
  taskSetToText,
  tasksToText,
  unknownTask,
} from './task-text.ts';

const frames = singleNode('frames', indicesBetween(1, 10));
const steps = createGraph([
  { id: 'mesh', indices: indicesBetween(0, 3), after: [] },
  { id: 'solve', indices: indicesBetween(0, 3), after: [{ node: 'mesh', on: 'success' }] },
]);

const errorOf = (fn: () => unknown): DomainError => {
  try {
    fn();
  } catch (thrown) {
    if (thrown instanceof DomainError) {
      return thrown;
    }
  }
  throw new Error('nothing typed was thrown');
};

describe('the text of tasks', () => {
  it('has only indices if there is one node', () => {
    expect(tasksToText(frames, [{ first: 0, last: 3 }])).to.equal('1-4');
    expect([...ordinalsFromText(frames, '1-2,10')]).to.deep.equal([0, 1, 9]);
    expect([...ordinalsFromText(frames, 'frames/1-2,10')]).to.deep.equal([0, 1, 9]);
  });

  it('names the node of each part if there are several', () => {
    const runs = [
      { first: 0, last: 2 },
      { first: 5, last: 5 },
    ];
    expect(tasksToText(steps, runs)).to.equal('mesh/0-2,solve/1');
    expect(tasksToText(steps, [{ first: 2, last: 5 }])).to.equal('mesh/2-3,solve/0-1');
    expect(tasksToText(steps, [])).to.equal('');
    expect([...ordinalsFromText(steps, 'mesh/0-2,solve/1')]).to.deep.equal([0, 1, 2, 5]);
  });

  it('assigns a part without a name to the node named last', () => {
    expect([...ordinalsFromText(steps, 'solve/0,2, mesh/1')]).to.deep.equal([4, 6, 1]);
    expect(taskSetToText(steps, parseTasks(steps, 'solve/3,0,mesh/1'))).to.equal(
      'solve/0,solve/3,mesh/1',
    );
  });

  it('lists the nodes if a part could belong to any', () => {
    const error = errorOf(() => parseTasks(steps, '1-2'));
    expect(error.reason).to.equal('FRAMES_INVALID');
    expect(error.message).to.contain('mesh/… or solve/…');
    expect(errorOf(() => parseTasks(steps, 'mesh/x')).reason).to.equal('FRAMES_INVALID');
  });

  it('leaves out tasks that the graph lacks, and names the first', () => {
    expect([...ordinalsFromText(steps, 'mesh/3-9,cut/1')]).to.deep.equal([3]);
    expect(unknownTask(steps, parseTasks(steps, 'mesh/3-9'))).to.equal('mesh/4');
    expect(unknownTask(steps, parseTasks(steps, 'cut/1'))).to.equal('cut/1');
    expect(unknownTask(steps, parseTasks(steps, 'mesh/0-3,solve/0-3'))).to.equal(undefined);
  });

  it('selects tasks by node and index', () => {
    const isSelected = selectTasks(steps, 'mesh/0-2,solve/1');
    expect(isSelected('mesh', 2)).to.equal(true);
    expect(isSelected('solve', 2)).to.equal(false);
    expect(selectTasks(steps, '')('mesh', 0)).to.equal(false);
  });
});

describe('the key of a task', () => {
  it('converts to its ordinal and back', () => {
    for (let ordinal = 0; ordinal < steps.count; ordinal += 1) {
      expect(taskOrdinal(steps, taskKey(steps, ordinal))).to.equal(ordinal);
    }
    for (const key of ['mesh/4', 'mesh/01', 'mesh', '/1', 'cut/0', 'mesh/-1', 'solve/0/0']) {
      expect(taskOrdinal(steps, key), key).to.equal(undefined);
    }
  });
});
