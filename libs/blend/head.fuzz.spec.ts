import { expect } from 'chai';
import { describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { type Random, seededRandom } from '#libs/random/index.ts';
import { buildHead, PACKINGS, SHAPES } from './fixtures/head.ts';
import { type BlendHead, noWork, readBlendHead } from './head.ts';

const ROUNDS = 10_000;
const HOSTILE_LENGTHS = [
  0, 1, 7, 8, 0xff, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff,
];
const REASONS = [
  'BLEND_FILE_DAMAGED',
  'BLEND_FILE_EMPTY',
  'BLEND_FILE_TRUNCATED',
  'BLEND_FORMAT_UNKNOWN',
  'FRAME_RANGE_UNREADABLE',
  'NOT_A_BLEND_FILE',
];

/** A valid head, its content, and the number of bytes that determine the content. */
interface Sample {
  kind: string;
  bytes: Buffer;
  head: BlendHead;
  decisiveBytes: number;
}

const isReadable = (bytes: Uint8Array): boolean => {
  try {
    return readBlendHead(bytes).scenes.length > 0;
  } catch {
    return false;
  }
};

const samples: Sample[] = Object.entries(SHAPES).flatMap(([kind, shape]) =>
  Object.entries(PACKINGS).map(([packing, pack]) => {
    const bytes = pack(buildHead(shape));
    let decisiveBytes = bytes.length;
    while (isReadable(bytes.subarray(0, decisiveBytes - 1))) {
      decisiveBytes -= 1;
    }
    return { kind: `${kind}, ${packing}`, bytes, head: readBlendHead(bytes), decisiveBytes };
  }),
);

const below = (random: Random, bound: number): number => Math.floor(random.float() * bound);
const oneOf = <T>(random: Random, choices: readonly T[]): T => {
  const choice = choices[below(random, choices.length)];
  if (choice === undefined) {
    throw new Error('nothing to choose from');
  }
  return choice;
};

/** Picks a place to damage, mostly among the first bytes, because they determine the result. */
const place = (random: Random, bytes: Uint8Array): number =>
  below(random, random.float() < 0.7 ? Math.min(bytes.length, 300) : bytes.length);

const MUTATIONS: Record<string, (bytes: Buffer, random: Random) => Buffer> = {
  flip: (bytes, random) => {
    for (let flips = 1 + below(random, 8); flips > 0; flips -= 1) {
      const at = place(random, bytes);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
    }
    return bytes;
  },
  cut: (bytes, random) => bytes.subarray(0, place(random, bytes)),
  splice: (bytes, random) => {
    const other = oneOf(random, samples).bytes;
    const from = place(random, other);
    const at = place(random, bytes);
    const piece = other.subarray(from, from + below(random, 200));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + below(random, 200))]);
  },
  noise: (bytes, random) => {
    const at = place(random, bytes);
    return Buffer.concat([
      bytes.subarray(0, at),
      random.bytes(1 + below(random, 64)),
      bytes.subarray(at),
    ]);
  },
  length: (bytes, random) => {
    const decisive = oneOf(random, [16, 33, 37, 100, 112, 124]);
    const at = Math.min(random.float() < 0.5 ? decisive : place(random, bytes), bytes.length - 4);
    const value = oneOf(random, HOSTILE_LENGTHS);
    if (random.float() < 0.5) {
      bytes.writeUInt32LE(value, at);
    } else {
      bytes.writeUInt32BE(value, at);
    }
    return bytes;
  },
};

const checkAnswer = (
  head: BlendHead,
  bytes: Buffer,
  { head: original, decisiveBytes, bytes: intact }: Sample,
): void => {
  expect(head.scenes.length).to.be.above(0);
  for (const { firstFrame, lastFrame } of head.scenes) {
    expect(firstFrame).to.be.within(0, lastFrame);
    expect(lastFrame).to.be.at.most(1_048_574);
  }
  if (bytes.subarray(0, decisiveBytes).equals(intact.subarray(0, decisiveBytes))) {
    expect(head).to.deep.equal(original);
  }
  if (head.compression === 'none' && bytes.toString('latin1', 12, 16) === 'REND') {
    const at = 12 + (head.pointerBits === 32 ? 20 : 24);
    const int32 = head.endian === 'little' ? bytes.readInt32LE(at) : bytes.readInt32BE(at);
    expect(head.scenes[0]?.firstFrame).to.equal(int32);
  }
};

describe('readBlendHead, of 10,000 mutated heads', () => {
  it('gives the right answer or a typed error, and never works more than its bounds', () => {
    const random = seededRandom(20_260_101);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const sample = oneOf(random, samples);
      const mutation = oneOf(random, Object.keys(MUTATIONS));
      const bytes = MUTATIONS[mutation]?.(Buffer.from(sample.bytes), random) ?? sample.bytes;
      const work = noWork();
      let outcome = 'read';
      try {
        const head = readBlendHead(bytes, work);
        checkAnswer(head, bytes, sample);
      } catch (thrown) {
        if (!isDomainError(thrown) || !REASONS.includes(thrown.reason)) {
          throw new Error(
            `round ${round}, ${sample.kind}, ${mutation}: ${bytes.toString('base64')}`,
            {
              cause: thrown,
            },
          );
        }
        expect(bytes.subarray(0, sample.decisiveBytes)).not.to.deep.equal(
          sample.bytes.subarray(0, sample.decisiveBytes),
        );
        outcome = thrown.reason;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      expect(work.passes, 'passes').to.be.at.most(64);
      expect(work.unpackedBytes, 'bytes unpacked').to.be.at.most(32 * 65_536);
      expect(work.blocks, 'blocks').to.be.at.most(4_000);
    }
    // Mutations that always end in the same way would prove nothing.
    expect(outcomes.get('read')).to.be.within(ROUNDS / 20, ROUNDS / 2);
    expect([...outcomes.keys()]).to.include.members(REASONS);
  });
});
