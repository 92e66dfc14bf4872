import { judge, type Ballot } from '../../services/session-supervisor/src/domain/checking/judge.ts';
import {
  afterLook,
  isChosen,
  type Reputation,
} from '../../services/session-supervisor/src/domain/checking/policy.ts';
import { seededRandom } from '#libs/random/index.ts';

/** When a machine delivers something else than the frame. */
type Manner = 'honest' | 'always' | 'sometimes' | 'once trusted';

interface Machine {
  id: string;
  manner: Manner;
  reputation: Reputation;
  isBarred: boolean;
}

/** A frame as the mesh has it. `isConfirmed`: a second look found the same. */
interface Frame {
  by: Machine;
  isRight: boolean;
  isConfirmed: boolean;
}

/** What the policy achieved. */
export interface Outcome {
  delivered: number;
  wrong: number;
  /** Frames that were rendered beyond those delivered, as a share of these. */
  extra: number;
  barred: number;
  /** Honest machines among them. */
  barredHonest: number;
}

/** A cheat that does not always cheat does so at this share of its frames. */
const SOMETIMES = 0.1;
/** Good looks after which a machine counts as trusted by one that waits for that. */
const TRUSTED = 20;

const MANNERS: readonly Manner[] = ['always', 'sometimes', 'once trusted'];

/** Machines of as many owners render workloads, one after another. Every choice and judgement is the mesh's own. */
export const runCheats = (options: {
  seed: number;
  machines: number;
  cheats: number;
  workloads: number;
  frames: number;
}): Outcome => {
  const random = seededRandom(options.seed);
  const machines = Array.from({ length: options.machines }, (_, i): Machine => ({
    id: `m-${i}`,
    manner: i < options.cheats ? MANNERS[i % MANNERS.length]! : 'honest',
    reputation: { good: 0 },
    isBarred: false,
  }));
  let rendered = 0;
  let wrong = 0;

  const isRightBy = ({ manner, reputation }: Machine): boolean => {
    rendered += 1;
    switch (manner) {
      case 'honest':
        return true;
      case 'always':
        return false;
      case 'sometimes':
        return random.float() >= SOMETIMES;
      case 'once trusted':
        return reputation.good < TRUSTED;
      default:
        return manner satisfies never;
    }
  };
  const pick = (without: readonly Machine[]): Machine => {
    const able = machines.filter((each) => !each.isBarred && !without.includes(each));
    return able[Math.floor(random.float() * able.length)]!;
  };

  for (let workload = 0; workload < options.workloads; workload += 1) {
    const frames = new Map<number, Frame>();
    const waiting = Array.from({ length: options.frames }, (_, i) => i);

    /** Everything that it made here and nobody confirmed is made again. */
    const bar = (machine: Machine): void => {
      machine.isBarred = true;
      machine.reputation = afterLook(machine.reputation, false);
      for (const [frame, { by, isConfirmed }] of frames) {
        if (by === machine && !isConfirmed) {
          frames.delete(frame);
          waiting.push(frame);
        }
      }
    };

    /** Others render a frame until two agree. No two wrong pictures are the same. */
    const lookAgain = (frame: number, first: Machine, isRight: boolean): void => {
      const makers = [first];
      const rights = [isRight];
      const voteOf = (at: number): Ballot => ({
        user: makers[at]!.id,
        owner: makers[at]!.id,
        attempt: String(at),
        alike: rights.flatMap((right, i) => (i < at && right && rights[at] ? [String(i)] : [])),
      });
      for (;;) {
        const judgement = judge(makers.map((_, at) => voteOf(at)));
        if (judgement.kind === 'agreed') {
          const by = makers[rights.indexOf(true)]!;
          frames.set(frame, { by, isRight: true, isConfirmed: true });
          for (const each of makers) {
            if (judgement.wrong.includes(each.id)) {
              bar(each);
            } else {
              each.reputation = afterLook(each.reputation, true);
            }
          }
          return;
        }
        if (judgement.kind === 'undecided') {
          frames.set(frame, { by: makers.at(-1)!, isRight: rights.at(-1)!, isConfirmed: true });
          return;
        }
        const next = pick(makers);
        makers.push(next);
        rights.push(isRightBy(next));
      }
    };

    for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
      const by = pick([]);
      const isRight = isRightBy(by);
      if (isChosen(by.reputation, random.float())) {
        lookAgain(frame, by, isRight);
      } else {
        frames.set(frame, { by, isRight, isConfirmed: false });
      }
    }
    wrong += [...frames.values()].filter(({ isRight }) => !isRight).length;
  }
  const delivered = options.workloads * options.frames;
  const barred = machines.filter(({ isBarred }) => isBarred);
  return {
    delivered,
    wrong,
    extra: rendered / delivered - 1,
    barred: barred.length,
    barredHonest: barred.filter(({ manner }) => manner === 'honest').length,
  };
};
