import { catchUp, load, type Loaded } from '#libs/journal/index.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import { VolatileReply, VolatileRequest } from '#libs/contracts/session.ts';
import { begin, hasEnded, isParked, type WorkloadState } from '../../domain/state/workload.ts';
import { headerOf, type WorkloadDocument } from '../../store/workload-document.ts';
import { lookOf, type Look } from '../../wire/look.ts';
import { folding } from '../loop/folding.ts';
import type { SessionDeps } from '../owner/deps.ts';
import type { Sessions } from '../owner/sessions.ts';
import { workloadNotFound } from '../owner/errors.ts';

/** A workload as callers may see it. It shows an end only after the projection has it, because the slot is free by then. */
export interface View {
  document: WorkloadDocument;
  state: WorkloadState;
  /** The journal position of the state. */
  revision: number;
}

/** Reads of workloads. Any replica can read any workload, because it folds the journal itself. */
export interface Reads {
  /** The workload as callers may see it now; undefined if there is none with that id. */
  view(id: string): Promise<View | undefined>;
  /** The same for a workload that must exist. Rejects with NOT_FOUND `WORKLOAD_NOT_FOUND`. */
  existing(id: string): Promise<View>;
  /** What only the owner knows; undefined if no owner answers soon. */
  volatile(id: string): Promise<VolatileReply | undefined>;
  /** The workload as its watchers are told. */
  look(view: View): Promise<Look>;
}

/** A workload waits for approval only once the projection says so, because its slot is free by then. */
const shownOf = ({ projection }: WorkloadDocument, state: WorkloadState): WorkloadState =>
  isParked(state) && projection.phase !== state.phase ? { ...state, phase: 'running' } : state;

/** Number of folded states that are kept. With a kept state only newer entries have to be folded. */
const MAX_KEPT = 200;
const OWNER_ANSWER_MS = 1_000;

export const createReads = ({
  journal,
  workloads,
  bus,
  sessions,
}: Pick<SessionDeps, 'journal' | 'workloads' | 'bus'> & {
  sessions: Pick<Sessions, 'state'>;
}): Reads => {
  const kept = new Map<string, Loaded<WorkloadState>>();

  const keep = (id: string, loaded: Loaded<WorkloadState>): void => {
    const before = kept.get(id);
    kept.delete(id);
    kept.set(id, before !== undefined && before.n > loaded.n ? before : loaded);
    const [oldest] = kept.keys();
    if (kept.size > MAX_KEPT && oldest !== undefined) {
      kept.delete(oldest);
    }
  };

  const view: Reads['view'] = async (id) => {
    const seen = kept.get(id);
    const owned = sessions.state(id);
    // What this replica wrote itself need not be read and folded again. The journal says whether it is still the owner.
    const known =
      owned !== undefined && owned.position > (seen?.n ?? 0)
        ? { state: owned, n: owned.position }
        : seen;
    // The document is read before the journal, because its projection is then never newer than the journal.
    const document = await workloads.find(id);
    if (document === undefined) {
      return undefined;
    }
    const start = { state: begin(headerOf(document)), n: 0 };
    const loaded = await asUnavailable(async () => {
      const latest =
        known === undefined
          ? await load(journal, id, start.state, folding)
          : await catchUp(journal, id, known, folding);
      const { ending } = latest.state;
      if (ending === undefined || document.projection.position >= ending.position) {
        return latest;
      }
      const before = [known, seen].find((each) => each !== undefined && each.n < ending.position);
      return catchUp(journal, id, before ?? start, folding, ending.position - 1);
    });
    keep(id, loaded);
    return { document, state: shownOf(document, loaded.state), revision: loaded.n };
  };

  const volatile: Reads['volatile'] = async (id) => {
    const request = VolatileRequest.encode({}).finish();
    const answer = await bus
      .request(sessionSubject(id, 'volatile'), request, { timeoutMs: OWNER_ANSWER_MS })
      .catch(() => undefined);
    return answer && VolatileReply.decode(answer);
  };

  return {
    view,
    volatile,
    existing: async (id) => {
      const found = await view(id);
      if (found === undefined) {
        throw workloadNotFound(id);
      }
      return found;
    },
    look: async (seen) =>
      lookOf(seen, hasEnded(seen.state) ? undefined : await volatile(seen.document._id)),
  };
};
