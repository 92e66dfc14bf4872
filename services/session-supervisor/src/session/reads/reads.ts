import { catchUp, load, type Loaded } from '#libs/journal/index.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import { asUnavailable } from '#libs/mongo/index.ts';
import { VolatileReply, VolatileRequest } from '#libs/contracts/session.ts';
import { begin, type WorkloadState } from '../../domain/state/workload.ts';
import { headerOf, type WorkloadDocument } from '../../store/workload-document.ts';
import type { SessionDeps } from '../owner/deps.ts';
import { folding } from '../loop/folding.ts';

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
  /** What only the owner knows; undefined if no owner answers soon. */
  volatile(id: string): Promise<VolatileReply | undefined>;
}

/** Number of folded states that are kept. With a kept state only newer entries have to be folded. */
const KEPT_STATES = 200;
const OWNER_ANSWER_MS = 1_000;

export const createReads = (
  deps: Pick<SessionDeps, 'journal' | 'workloads' | 'bus' | 'logger'>,
): Reads => {
  const kept = new Map<string, Loaded<WorkloadState>>();

  const keep = (id: string, loaded: Loaded<WorkloadState>): void => {
    const newer = (kept.get(id)?.n ?? -1) > loaded.n ? kept.get(id) : loaded;
    kept.delete(id);
    kept.set(id, newer ?? loaded);
    const oldest = kept.keys().next();
    if (kept.size > KEPT_STATES && !oldest.done) {
      kept.delete(oldest.value);
    }
  };

  return {
    view: async (id) => {
      const known = kept.get(id);
      // The document is read before the journal, because its projection is then never newer than the journal.
      const document = await deps.workloads.find(id);
      if (document === undefined) {
        return undefined;
      }
      const start = { state: begin(headerOf(document)), n: 0 };
      const loaded = await asUnavailable(async () => {
        const latest =
          known === undefined
            ? await load(deps.journal, id, start.state, folding)
            : await catchUp(deps.journal, id, known, folding);
        const { ending } = latest.state;
        if (ending === undefined || document.projection.position >= ending.position) {
          return latest;
        }
        const before = known !== undefined && known.n < ending.position ? known : start;
        return catchUp(deps.journal, id, before, folding, ending.position - 1);
      });
      keep(id, loaded);
      return { document, state: loaded.state, revision: loaded.n };
    },
    volatile: async (id) => {
      const request = VolatileRequest.encode({}).finish();
      const answer = await deps.bus
        .request(sessionSubject(id, 'volatile'), request, { timeoutMs: OWNER_ANSWER_MS })
        .catch(() => undefined);
      return answer === undefined ? undefined : VolatileReply.decode(answer);
    },
  };
};
