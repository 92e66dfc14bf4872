import { blockedOf } from '../graph/readiness.ts';
import { bitmapFromJson, bitmapToJson, type BitmapJson } from '../sets/bitmap.ts';
import {
  smallIntMapFromJson,
  smallIntMapToJson,
  type SmallIntMapJson,
} from '../sets/small-int-map.ts';
import { sparseEntries, sparseMapFrom } from '../sets/sparse-map.ts';
import type { Checkpoint, Vote } from './entries.ts';
import type { Approval, PassedResult, Trouble, WorkloadState } from './workload.ts';

/** The fields that have another form in a snapshot. */
interface Packed {
  done: BitmapJson;
  givenUp: BitmapJson;
  doneBy: SmallIntMapJson;
  generations: SmallIntMapJson;
  repairs: BitmapJson;
  unverified: BitmapJson;
  unruled: BitmapJson;
  rejected: BitmapJson;
  approvals: [number, Approval][];
  checkpoints: [number, readonly Checkpoint[]][];
  confirmed: BitmapJson;
  looks: [number, readonly Vote[]][];
  goodLooks: [string, number][];
  troubles: [number, Trouble][];
  blame: [string, number][];
  barred: string[];
  /** Unset where an earlier version wrote it, like names in it. */
  barredNames?: [string, string][];
  requests: [string, string][];
  passed: [number, PassedResult][];
}

/** The form of a state in a snapshot, without header and graph; `blocked` is derived from the other fields. */
type Frozen = Omit<WorkloadState, 'header' | 'graph' | 'blocked' | keyof Packed> & Packed;

/** The state in a form for BSON. A million done tasks take at most 3 MB. */
export const freeze = (state: WorkloadState): unknown => {
  const { header: _, graph: __, blocked: ___, ...rest } = state;
  return {
    ...rest,
    done: bitmapToJson(state.done),
    givenUp: bitmapToJson(state.givenUp),
    doneBy: smallIntMapToJson(state.doneBy),
    generations: smallIntMapToJson(state.generations),
    unverified: bitmapToJson(state.unverified),
    unruled: bitmapToJson(state.unruled),
    rejected: bitmapToJson(state.rejected),
    approvals: [...sparseEntries(state.approvals)],
    checkpoints: [...sparseEntries(state.checkpoints)],
    confirmed: bitmapToJson(state.confirmed),
    looks: [...state.looks],
    goodLooks: [...state.goodLooks],
    repairs: bitmapToJson(state.repairs),
    troubles: [...sparseEntries(state.troubles)],
    blame: [...state.blame],
    barred: [...state.barred.keys()],
    barredNames: [...state.barred],
    requests: [...state.requests],
    passed: [...state.passed],
  } satisfies Frozen;
};

/** The inverse of `freeze`; `initial` is `begin(header)`. Throws `SNAPSHOT_UNREADABLE`. */
export const thaw = (frozen: unknown, initial: WorkloadState): WorkloadState => {
  const { barredNames = [], ...from } = frozen as Frozen;
  const size = initial.graph.count;
  const state = {
    ...initial,
    ...from,
    done: bitmapFromJson(from.done, size),
    givenUp: bitmapFromJson(from.givenUp, size),
    doneBy: smallIntMapFromJson(from.doneBy, size),
    generations: smallIntMapFromJson(from.generations, size),
    repairs: bitmapFromJson(from.repairs, size),
    unverified: bitmapFromJson(from.unverified, size),
    unruled: bitmapFromJson(from.unruled, size),
    rejected: bitmapFromJson(from.rejected, size),
    approvals: sparseMapFrom(size, from.approvals),
    checkpoints: sparseMapFrom(size, from.checkpoints),
    confirmed: bitmapFromJson(from.confirmed, size),
    looks: new Map(from.looks),
    goodLooks: new Map(from.goodLooks),
    troubles: sparseMapFrom(size, from.troubles),
    blame: new Map(from.blame),
    barred: new Map([...from.barred.map((user) => [user, user] as const), ...barredNames]),
    requests: new Map(from.requests),
    passed: new Map(from.passed),
  };
  return { ...state, blocked: blockedOf(state) };
};
