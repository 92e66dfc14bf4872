import { expect } from 'chai';
import { describe, it } from 'mocha';
import { runFarm, type Farm, type Look } from '../fixtures/render-farm.ts';

const MAX_ERROR = 0.3;
/** A change of the users is known after so many results of each. */
const SETTLED = 8;
/** A rate is compared with the results around it. */
const AROUND = 10;

const three = [1, 1, 1];
const farms: Record<string, Farm> = {
  'even work': { tasks: 120, cost: () => 5, speeds: three, noise: 0.2 },
  'tasks that grow dearer': { tasks: 120, cost: (x) => 3 + 6 * x, speeds: three },
  'tasks that grow cheaper': { tasks: 120, cost: (x) => 9 - 6 * x, speeds: three },
  'dearer tasks with noise': { tasks: 200, cost: (x) => 5 + 2 * x, speeds: three, noise: 0.1 },
  'machines of two speeds': { tasks: 120, cost: () => 6, speeds: [1, 1, 4, 4], noise: 0.1 },
  'quick tasks': { tasks: 800, cost: () => 0.02, speeds: three, overhead: 0.04, noise: 0.2 },
  'tasks that fail and are tried again': {
    tasks: 150,
    cost: () => 4,
    speeds: three,
    noise: 0.1,
    failing: 0.02,
  },
  'a user that joins': {
    tasks: 150,
    cost: () => 4,
    speeds: three,
    noise: 0.1,
    change: { kind: 'join', speed: 2, after: 40 },
  },
  'a user that leaves': {
    tasks: 150,
    cost: () => 4,
    speeds: three,
    noise: 0.1,
    change: { kind: 'leave', after: 40 },
  },
  'a pause': {
    tasks: 150,
    cost: () => 4,
    speeds: three,
    noise: 0.1,
    change: { kind: 'pause', seconds: 600, after: 40 },
  },
};

/** Looks whose time left or rate is too far from what came. One task more or less is no error. */
const wrongAmong = (
  looks: readonly Look[],
  all: readonly Look[],
  seconds: number,
  task: number,
): string[] =>
  looks.flatMap(({ results, at, eta, perSecond }) => {
    const left = seconds - at;
    const isEtaRight =
      eta !== undefined && Math.abs(eta - left) <= Math.max(MAX_ERROR * left, task);
    const from = all[results - 1 - AROUND];
    const to = all[results - 1 + AROUND];
    const rate = from && to && (2 * AROUND) / (to.at - from.at);
    const isRateRight =
      rate === undefined ||
      (perSecond !== undefined && Math.abs(perSecond - rate) <= MAX_ERROR * rate);
    return [
      ...(isEtaRight
        ? []
        : [`after ${results}: ${eta?.toFixed(1)} s left, ${left.toFixed(1)} came`]),
      ...(isRateRight
        ? []
        : [`after ${results}: ${perSecond?.toFixed(2)}/s, ${rate?.toFixed(2)} came`]),
    ];
  });

describe('the outlook', () => {
  for (const [name, farm] of Object.entries(farms)) {
    it(`is within 30 % of what comes from the tenth result on, and unknown before: ${name}`, () => {
      const { change, ...unchanged } = farm;
      const slowest = Math.max(...[0, 0.5, 1].map(farm.cost)) / Math.min(...farm.speeds);
      const task = slowest * (1 + (farm.noise ?? 0)) + (farm.overhead ?? 0.05);
      const { looks, seconds } = runFarm(farm);
      const isKnown = looks.map(
        ({ eta, perSecond }) => eta !== undefined && perSecond !== undefined,
      );
      expect(isKnown.indexOf(true)).to.equal(9);
      const rest = looks.slice(9);
      if (change === undefined) {
        expect(wrongAmong(rest, looks, seconds, task)).to.deep.equal([]);
        return;
      }
      // What is known before a change is right as far as nothing changes.
      const calm = runFarm(unchanged);
      const before = rest.filter(({ results }) => results <= change.after - AROUND);
      expect(wrongAmong(before, looks, calm.seconds, task)).to.deep.equal([]);
      const settled = change.after + SETTLED * farm.speeds.length;
      const after = rest.filter(({ results }) => results > settled);
      expect(wrongAmong(after, looks, seconds, task)).to.deep.equal([]);
    });
  }

  it('is not known before the tenth result, however few there are', () => {
    const { looks } = runFarm({ tasks: 9, cost: () => 60, speeds: [1] });
    const early = looks.slice(0, -1);
    expect(early.filter(({ eta }) => eta !== undefined)).to.deep.equal([]);
  });
});
