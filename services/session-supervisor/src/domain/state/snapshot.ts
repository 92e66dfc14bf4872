import { blockedOf } from '../graph/readiness.ts';
import { bitmapFromJson, bitmapToJson, type BitmapJson } from '../sets/bitmap.ts';
import {
  smallIntMapFromJson,
  smallIntMapToJson,
  type SmallIntMapJson,
} from '../sets/small-int-map.ts';
import { sparseEntries, sparseMapFrom } from '../sets/sparse-map.ts';
import type { Trouble, WorkloadState } from './workload.ts';

/** The form of a state in a snapshot. The header and the graph are not in it; `blocked` is derived from the other fields. */
type Frozen = Omit<
  WorkloadState,
  | 'header'
  | 'graph'
  | 'done'
  | 'givenUp'
  | 'blocked'
  | 'doneBy'
  | 'generations'
  | 'repairs'
  | 'troubles'
  | 'blame'
  | 'barred'
  | 'requests'
> & {
  done: BitmapJson;
  givenUp: BitmapJson;
  doneBy: SmallIntMapJson;
  generations: SmallIntMapJson;
  repairs: BitmapJson;
  troubles: [number, Trouble][];
  blame: [string, number][];
  barred: string[];
  requests: [string, string][];
};

/** The state in a form for BSON. A million done tasks take at most 3 MB. */
export const freeze = (state: WorkloadState): unknown => {
  const { header: _, graph: __, blocked: ___, ...rest } = state;
  return {
    ...rest,
    done: bitmapToJson(state.done),
    givenUp: bitmapToJson(state.givenUp),
    doneBy: smallIntMapToJson(state.doneBy),
    generations: smallIntMapToJson(state.generations),
    repairs: bitmapToJson(state.repairs),
    troubles: [...sparseEntries(state.troubles)],
    blame: [...state.blame],
    barred: [...state.barred],
    requests: [...state.requests],
  } satisfies Frozen;
};

/** The inverse of `freeze`; `initial` is `begin(header)`. Throws `SNAPSHOT_UNREADABLE`. */
export const thaw = (frozen: unknown, initial: WorkloadState): WorkloadState => {
  const {
    done,
    givenUp,
    doneBy,
    generations,
    repairs,
    troubles,
    blame,
    barred,
    requests,
    ...rest
  } = frozen as Frozen;
  const size = initial.graph.count;
  const decided = {
    ...initial,
    done: bitmapFromJson(done, size),
    givenUp: bitmapFromJson(givenUp, size),
  };
  return {
    ...decided,
    ...rest,
    blocked: blockedOf(decided),
    doneBy: smallIntMapFromJson(doneBy, size),
    generations: smallIntMapFromJson(generations, size),
    repairs: bitmapFromJson(repairs, size),
    troubles: sparseMapFrom(size, troubles),
    blame: new Map(blame),
    barred: new Set(barred),
    requests: new Map(requests),
  };
};
