// Unpacks one archive in a box, and says in one line how that ended.
import { type Bounds, Unfit } from './bounds.ts';
import { unpackHere } from './unpack-here.ts';

/** The line that the child writes. */
export type Told =
  { kind: 'unpacked' } | { kind: 'unfit'; why: string } | { kind: 'disk'; why: string };

const [file = '', into = '', bounds = '{}'] = process.argv.slice(2);
const told: Told = await unpackHere(file, into, JSON.parse(bounds) as Bounds).then(
  () => ({ kind: 'unpacked' }),
  (thrown: unknown) =>
    thrown instanceof Unfit
      ? { kind: 'unfit', why: thrown.message }
      : { kind: 'disk', why: String(thrown) },
);
console.log(JSON.stringify(told));
